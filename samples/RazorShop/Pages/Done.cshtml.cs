using Microsoft.AspNetCore.Mvc;

namespace RazorShop.Pages;

public sealed class DoneModel(Order order) : ShopPage(order)
{
    [TempData]
    public string? Ordered { get; set; }
}
