using System.Globalization;

namespace RazorShop;

/// <summary>The order of one tab, from the first thing in the cart to the last step. It lives as long as the tab's session.</summary>
public sealed class Order
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _lines = [];

    public string Name { get; set; } = "";

    public string Address { get; set; } = "";

    public IReadOnlyList<(Item Item, int Count)> Lines
    {
        get
        {
            lock (_lock)
            {
                return [.. Item.All.Where(item => _lines.ContainsKey(item.Id)).Select(item => (item, _lines[item.Id]))];
            }
        }
    }

    public decimal Total => Lines.Sum(line => line.Item.Price * line.Count);

    public static string Money(decimal amount) => amount.ToString("€0.00", CultureInfo.InvariantCulture);

    public void Add(string id)
    {
        lock (_lock)
        {
            if (Item.Find(id) is not null)
            {
                _lines[id] = _lines.GetValueOrDefault(id) + 1;
            }
        }
    }

    public void Remove(string id)
    {
        lock (_lock)
        {
            _lines.Remove(id);
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _lines.Clear();
        }
    }
}
