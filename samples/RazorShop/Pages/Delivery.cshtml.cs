using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Mvc;

namespace RazorShop.Pages;

public sealed class DeliveryModel(Order order) : ShopPage(order)
{
    [BindProperty]
    [StringLength(80)]
    public string Name { get; set; } = order.Name;

    [BindProperty]
    [StringLength(400)]
    public string Address { get; set; } = order.Address;

    public IActionResult OnPost()
    {
        if (!ModelState.IsValid)
        {
            return Page();
        }

        (Order.Name, Order.Address) = (Name, Address);
        return RedirectToPage("/Confirm");
    }
}
