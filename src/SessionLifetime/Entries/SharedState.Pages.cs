namespace SessionLifetime.Entries;

/// <content>What happened to the pages here and is not written yet.</content>
internal sealed partial class SharedState
{
    private List<PageChange>? _pageChanges;

    /// <summary>Held while the pages and their changes are read or written, in one step.</summary>
    public object PageLock => this;

    /// <summary>What happened to the pages here and is not written yet, in order; bounded, as the pages are. Read and written inside <see cref="PageLock"/>.</summary>
    public IReadOnlyList<PageChange> PageChanges => _pageChanges ?? [];

    /// <summary>Adds a change of a page. Called inside <see cref="PageLock"/>.</summary>
    public void AddPageChange(PageChange change)
    {
        _pageChanges ??= [];
        if (_pageChanges.Count == 2 * PageList.MaxPages)
        {
            // A client whose pages come and go while nothing can be written: the oldest is forgotten, as the oldest page would be.
            _pageChanges.RemoveAt(0);
        }

        _pageChanges.Add(change);
    }

    /// <summary>Changes of pages are written.</summary>
    public void RemovePageChanges(IReadOnlyList<PageChange> written)
    {
        if (written.Count > 0)
        {
            lock (PageLock)
            {
                _pageChanges?.RemoveAll(change => written.Any(one => ReferenceEquals(one, change)));
                _pageChanges = _pageChanges is { Count: > 0 } ? _pageChanges : null;
            }
        }
    }
}
