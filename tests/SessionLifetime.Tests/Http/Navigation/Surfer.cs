using System.Text.RegularExpressions;
using SessionLifetime.Http.Navigation;

namespace SessionLifetime.Tests.Http.Navigation;

/// <summary>A browser that opens plain pages: it keeps cookies, says what kind of request it makes, and has a module where the test lets it.</summary>
internal sealed partial class Surfer(SessionApp app)
{
    public Dictionary<string, string> Cookies { get; } = new(StringComparer.Ordinal);

    /// <summary>The id its module holds.</summary>
    public string? Id { get; set; }

    public string? User { get; set; }

    /// <summary>Whether the tab it navigates in is the one whose module holds the id; otherwise it is a new one.</summary>
    public bool IsInOwnTab { get; set; }

    /// <summary>Whether it runs the page that looks up the session of its tab.</summary>
    public bool RunsLookup { get; set; } = true;

    /// <summary>How often that page came.</summary>
    public int Lookups { get; private set; }

    /// <summary>What it says of where its navigations come from.</summary>
    public string Site { get; set; } = "same-origin";

    /// <summary>Whether it sends <c>Sec-Fetch-*</c>: not on plain http.</summary>
    public bool SaysSecFetch { get; init; } = true;

    public string? RelayName => Cookies.Keys.SingleOrDefault(static name => name.StartsWith(RelayCookie.Prefix, StringComparison.Ordinal));

    /// <summary>A browser whose module has a session.</summary>
    public static async Task<Surfer> ArriveAsync(SessionApp app, string? user = null)
    {
        var surfer = new Surfer(app) { User = user };
        await surfer.AttachAsync();
        (await surfer.CallAsync("/ping")).Is(System.Net.HttpStatusCode.OK);
        return surfer;
    }

    public Task<Answer> OpenAsync(string path, Action<HttpRequestMessage>? with = null) => NavigateAsync(HttpMethod.Get, path, with);

    public async Task<Answer> NavigateAsync(HttpMethod method, string path, Action<HttpRequestMessage>? with = null, string? body = null)
    {
        var answer = await RequestAsync(method, path, with, body);
        if (!RunsLookup || !IsLookup(answer))
        {
            return answer;
        }

        // As its script does: it leaves a token, or the mark that the tab has none, and loads the address anew.
        Lookups++;
        var token = IsInOwnTab ? (await TokensAsync())[0] : $"none.{app.Time.GetUtcNow().ToUnixTimeSeconds()}";
        const string Name = RelayCookie.Prefix + "lookup";
        Cookies[Name] = $"{token}~{app.Time.GetUtcNow().ToUnixTimeMilliseconds()}~{RelayCookie.TargetOf(path):x}";
        answer = await RequestAsync(method, path, with, body);
        Cookies.Remove(Name);
        return answer;
    }

    /// <summary>Whether an answer is the page that looks up the session of its tab.</summary>
    public static bool IsLookup(Answer answer) => answer.Text.Contains("session-lifetime-tab.js", StringComparison.Ordinal);

    private async Task<Answer> RequestAsync(HttpMethod method, string path, Action<HttpRequestMessage>? with, string? body) =>
        Hear(await app.SendAsync(method, path, id: null, body, "application/x-www-form-urlencoded", request =>
        {
            Dress(request);
            request.Headers.Add("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
            SecFetch(request, "navigate", "document");
            with?.Invoke(request);
        }));

    /// <summary>Follows redirects to their end.</summary>
    public async Task<Answer> FollowAsync(Answer answer)
    {
        while (answer.Header("Location") is { } location)
        {
            answer = await OpenAsync(location);
        }

        return answer;
    }

    /// <summary>One of the module's own calls.</summary>
    public async Task<Answer> CallAsync(string call, string? body = null, HttpMethod? method = null, Action<HttpRequestMessage>? with = null) =>
        Hear(await app.CallAsync(method ?? HttpMethod.Post, call, Id, body, with: request =>
        {
            Dress(request);
            SecFetch(request, "cors", "empty");
            with?.Invoke(request);
        }));

    /// <summary>The module says hello, with what the page handed it.</summary>
    public async Task<Answer> AttachAsync(string? handOver = null, string page = "page")
    {
        var answer = await CallAsync("/attach", handOver is null ? $$"""{"page":"{{page}}"}""" : $$"""{"page":"{{page}}","handOver":"{{handOver}}"}""");
        Id = answer.Id ?? Id;
        return answer;
    }

    public async Task<string[]> TokensAsync() =>
        [.. (await CallAsync("/relay")).Is(System.Net.HttpStatusCode.OK)["tokens"].EnumerateArray().Select(static token => token.GetString()!)];

    /// <summary>As the module does in the last moment before a navigation.</summary>
    public async Task<string> LeaveAsync(string name = "page", long time = 1, string target = "")
    {
        var token = (await TokensAsync())[0];
        Cookies[RelayCookie.Prefix + name] = $"{token}~{time}~{RelayCookie.TargetOf(target):x}";
        return token;
    }

    public void Dress(HttpRequestMessage request)
    {
        if (Cookies.Count > 0)
        {
            request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", Cookies.Select(static cookie => $"{cookie.Key}={cookie.Value}")));
        }

        if (User is not null)
        {
            request.Headers.Add("X-Test-User", User);
        }
    }

    private void SecFetch(HttpRequestMessage request, string mode, string destination)
    {
        if (SaysSecFetch)
        {
            request.Headers.Add("Sec-Fetch-Mode", mode);
            request.Headers.Add("Sec-Fetch-Dest", destination);
            request.Headers.Add("Sec-Fetch-Site", string.Equals(mode, "navigate", StringComparison.Ordinal) ? Site : "same-origin");
        }
    }

    private Answer Hear(Answer answer)
    {
        foreach (var cookie in Boundary().Split(answer.Header("Set-Cookie") ?? ""))
        {
            if (cookie.Split('=', ';') is [{ Length: > 0 } name, var value, ..])
            {
                Cookies[name] = value;
                if (value.Length == 0)
                {
                    Cookies.Remove(name);
                }
            }
        }

        return answer;
    }

    [GeneratedRegex(", (?=[^;,= ]+=)")]
    private static partial Regex Boundary();
}
