using Microsoft.AspNetCore.Mvc;

namespace RazorShop.Pages;

public sealed class IndexModel(Order order) : ShopPage(order)
{
    [TempData]
    public string? Message { get; set; }

    public IActionResult OnPostAdd(string item)
    {
        Order.Add(item);
        Message = $"{Item.Find(item)?.Name ?? "Nothing"} is in the cart of this tab.";
        return RedirectToPage();
    }

    public IActionResult OnPostRemove(string item)
    {
        Order.Remove(item);
        return RedirectToPage();
    }
}
