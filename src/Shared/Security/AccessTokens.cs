using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace TrainingCluster.Security;

/// <summary>What a client may do. Each role may do all that those before it may.</summary>
public enum AccessRole
{
    /// <summary>Reads the jobs of its namespace.</summary>
    Viewer,

    /// <summary>Also submits, cancels, suspends, resumes and deletes jobs there.</summary>
    Submitter,

    /// <summary>All of its namespace; with all namespaces: all of the cluster.</summary>
    Operator,
}

/// <summary>Who shows a token, and what it lets them do.</summary>
/// <param name="Name">Of the person or program, for audit lines.</param>
/// <param name="Role">What they may do.</param>
/// <param name="Namespace">Where; <see cref="AllNamespaces"/> for everywhere.</param>
public sealed record AccessGrant(string Name, AccessRole Role, string Namespace)
{
    /// <summary>The namespace that stands for all.</summary>
    public const string AllNamespaces = "*";

    // Also the longest label of DNS.
    private const int LongestName = 63;

    private static readonly SearchValues<char> s_ofLabels = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly SearchValues<char> s_ofNames = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-._");

    /// <summary>Whether the grant holds in a namespace.</summary>
    public bool Covers(string @namespace) => Namespace == AllNamespaces || Namespace == @namespace;

    /// <summary>Whether a text can be a grant's name: 1 to 63 of a-z, 0-9, '.', '_' and '-'.</summary>
    public static bool IsName(string? text) => text is { Length: > 0 and <= LongestName } && !text.AsSpan().ContainsAnyExcept(s_ofNames);

    /// <summary>Whether a text can be a grant's namespace: a label of DNS, or <see cref="AllNamespaces"/>.</summary>
    public static bool IsNamespace(string? text) =>
        text == AllNamespaces
        || (
            text is { Length: > 0 and <= LongestName } && text[0] != '-' && text[^1] != '-' && !text.AsSpan().ContainsAnyExcept(s_ofLabels)
        );
}

/// <summary>
/// The tokens that clients may show, from a file. A line is one token: <c>sha256:HASH NAME ROLE NAMESPACE</c>. Empty lines and those that
/// begin with # are passed over. The file holds hashes alone: who reads it cannot show a token.
/// </summary>
public sealed class AccessTokens
{
    private const string HashPrefix = "sha256:";
    private const string Comment = "#";

    // Lets people and scanners of secrets see what it is.
    private const string TokenPrefix = "tc_";
    private const int TokenBytes = 32;

    private static readonly byte[] s_hashOfNothing = SHA256.HashData([]);

    private readonly IReadOnlyList<Entry> _entries;

    private AccessTokens(IReadOnlyList<Entry> entries) => _entries = entries;

    private sealed record Entry(byte[] Hash, AccessGrant Grant);

    /// <summary>All grants, in the order of their lines.</summary>
    public IReadOnlyList<AccessGrant> Grants => [.. _entries.Select(entry => entry.Grant)];

    /// <summary>Reads a token file's content.</summary>
    /// <param name="text">The content.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="InvalidDataException">A line is none of a token, or says what an earlier one says; it is named.</exception>
    public static AccessTokens Parse(string text, string path)
    {
        ArgumentNullException.ThrowIfNull(text);
        var entries = new List<Entry>();
        var (names, hashes) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        var number = 0;
        foreach (var line in text.TrimStart('\uFEFF').Split('\n'))
        {
            number++;
            if (WordsOf(line) is not { Length: > 0 } words)
            {
                continue;
            }
            var (entry, problem) = Read(words);
            problem ??= names.Add(entry!.Grant.Name) ? null : $"'{entry.Grant.Name}' has a line already; give each token a name of its own";
            problem ??= hashes.Add(Convert.ToHexString(entry!.Hash)) ? null : "the token has a line already";
            if (problem is not null)
            {
                throw new InvalidDataException($"{path}, line {number}: {problem}");
            }
            entries.Add(entry!);
        }
        return new AccessTokens(entries);
    }

    /// <summary>What a token grants. Null: nothing. The time it takes does not tell how much of a token was right.</summary>
    public AccessGrant? Find(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        var hash = HashOf(token);
        AccessGrant? found = null;
        foreach (var entry in _entries)
        {
            if (CryptographicOperations.FixedTimeEquals(entry.Hash, hash))
            {
                found = entry.Grant;
            }
        }
        return found;
    }

    /// <summary>A new token, that nobody can guess: 32 random bytes.</summary>
    public static string NewToken() => TokenPrefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));

    /// <summary>A token's line in the file, without the line's end.</summary>
    /// <exception cref="ArgumentException">The token is empty, or the grant's name or namespace cannot stand in a line.</exception>
    public static string LineOf(string token, AccessGrant grant)
    {
        ArgumentException.ThrowIfNullOrEmpty(token);
        ArgumentNullException.ThrowIfNull(grant);
        if (!AccessGrant.IsName(grant.Name) || !AccessGrant.IsNamespace(grant.Namespace))
        {
            throw new ArgumentException($"'{grant.Name}' or '{grant.Namespace}' cannot stand in a token file", nameof(grant));
        }
        return $"{HashPrefix}{Convert.ToHexStringLower(HashOf(token))} {grant.Name} {WordOf(grant.Role)} {grant.Namespace}";
    }

    /// <summary>The name in a line of the file. Null: the line is no token's.</summary>
    public static string? NameOf(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        return WordsOf(line) is [_, var name, ..] ? name : null;
    }

    /// <summary>A role as files and people write it.</summary>
    public static string WordOf(AccessRole role) =>
        role switch
        {
            AccessRole.Viewer => "viewer",
            AccessRole.Submitter => "submitter",
            AccessRole.Operator => "operator",
            _ => throw new ArgumentOutOfRangeException(nameof(role), role, "no such role"),
        };

    /// <summary>The role of a word. Null: there is none of that name.</summary>
    public static AccessRole? RoleOf(string word) =>
        Enum.GetValues<AccessRole>().Select(role => (AccessRole?)role).FirstOrDefault(role => WordOf(role!.Value) == word);

    /// <summary>None: the line is empty, or a comment.</summary>
    private static string[] WordsOf(string line) =>
        line.TrimStart().StartsWith(Comment, StringComparison.Ordinal)
            ? []
            : line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>One of the two is null. A hash is not repeated in a message: it may be a token, put there by mistake.</summary>
    private static (Entry? Entry, string? Problem) Read(string[] words)
    {
        if (words is not [var hash, var name, var word, var place])
        {
            return (null, $"{words.Length} words; write 'sha256:HASH NAME ROLE NAMESPACE'");
        }
        if (!hash.StartsWith(HashPrefix, StringComparison.Ordinal))
        {
            return (null, "does not begin with 'sha256:'; the file holds the hash of a token, not the token ('token add' makes both)");
        }
        var bytes = new byte[SHA256.HashSizeInBytes];
        if (
            hash.Length != HashPrefix.Length + (2 * bytes.Length)
            || Convert.FromHexString(hash.AsSpan(HashPrefix.Length), bytes, out _, out _) != OperationStatus.Done
        )
        {
            return (null, "what follows 'sha256:' is no SHA-256, which has 64 digits of 0-9 and a-f");
        }
        if (bytes.AsSpan().SequenceEqual(s_hashOfNothing))
        {
            return (null, "this is the hash of an empty token: everybody has it");
        }
        if (!AccessGrant.IsName(name))
        {
            return (null, $"'{name}' is no name; write 1 to 63 of a-z, 0-9, '.', '_' and '-'");
        }
        if (RoleOf(word) is not { } role)
        {
            return (null, $"'{word}' is no role; there are {string.Join(", ", Enum.GetValues<AccessRole>().Select(WordOf))}");
        }
        return AccessGrant.IsNamespace(place)
            ? (new Entry(bytes, new AccessGrant(name, role, place)), null)
            : (null, $"'{place}' is no namespace; write 1 to 63 of a-z, 0-9 and '-' that begin and end with no '-', or * for all");
    }

    private static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
