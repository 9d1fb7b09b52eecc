using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace RazorShop.Pages;

/// <summary>Only who has signed in orders.</summary>
[Authorize]
public sealed class ConfirmModel(Order order) : ShopPage(order)
{
    [TempData]
    public string? Ordered { get; set; }

    public IActionResult OnPost()
    {
        if (Order.Lines.Count == 0)
        {
            return RedirectToPage("/Index");
        }

        Ordered = $"{string.Join(", ", Order.Lines.Select(line => $"{line.Count} × {line.Item.Name}"))}, for {Order.Money(Order.Total)}";
        Order.Clear();
        return RedirectToPage("/Done");
    }
}
