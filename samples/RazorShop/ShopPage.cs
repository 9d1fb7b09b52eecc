using Microsoft.AspNetCore.Mvc.RazorPages;
using SessionLifetime;

namespace RazorShop;

/// <summary>A page that works with its tab's order: who opens it without a session is given one.</summary>
[StartTabSession]
[RequireTabSession]
public abstract class ShopPage(Order order) : PageModel
{
    public Order Order => order;
}
