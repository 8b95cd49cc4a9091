using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace TrainingCluster.Coordinator.Web;

/// <summary>
/// Pages that were just drawn. However many people look at a page, it is drawn once in <see cref="Fresh"/>, and sent only to those who
/// have not seen it as it is.
/// </summary>
internal sealed class PageCache(TimeProvider time)
{
    /// <summary>How long a page is taken for new: readers ask every two seconds.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    // Pages of so many kinds, jobs and readers' namespaces at once; beyond it all are drawn again.
    private const int Most = 500;

    private readonly ConcurrentDictionary<string, Entry> _pages = new(StringComparer.Ordinal);

    /// <summary>A page, drawn now or a moment ago.</summary>
    /// <param name="key">What tells it apart from every other page, and from the same page for others.</param>
    /// <param name="draw">Draws it. Not cancelled with the request that asked first: others wait for it.</param>
    public async Task<DrawnPage> GetAsync(string key, Func<Task<string>> draw)
    {
        var now = time.GetUtcNow();
        if (_pages.TryGetValue(key, out var known) && now - known.At < Fresh)
        {
            return await known.Page.Value;
        }
        if (_pages.Count >= Most)
        {
            _pages.Clear();
        }
        var entry = new Entry(now, new(() => DrawAsync(draw)));
        var stored = _pages.AddOrUpdate(key, entry, (_, other) => other.At >= now - Fresh && other != known ? other : entry);
        try
        {
            return await stored.Page.Value;
        }
        catch
        {
            // A failure is not kept.
            _pages.TryRemove(new(key, stored));
            throw;
        }
    }

    private static async Task<DrawnPage> DrawAsync(Func<Task<string>> draw)
    {
        var bytes = Encoding.UTF8.GetBytes(await draw());
        return new(bytes, $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes)[..12])}\"");
    }

    private sealed record Entry(DateTimeOffset At, Lazy<Task<DrawnPage>> Page);
}

/// <summary>A page as it is sent.</summary>
/// <param name="Content">UTF-8.</param>
/// <param name="Tag">Its entity tag: the same content has the same.</param>
internal sealed record DrawnPage(byte[] Content, string Tag);
