using System.Text;

namespace Akka.Configuration;

/// <summary>A value in a configuration: an object, a list or a literal.</summary>
internal abstract record HoconNode;

/// <summary>Literal text; null stands for the word <c>null</c>.</summary>
internal sealed record HoconLiteral(string Text) : HoconNode
{
    public override string ToString() => Text is null ? "null" : $"\"{Text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}

internal sealed record HoconList(IReadOnlyList<HoconNode> Items) : HoconNode
{
    public override string ToString() => $"[{string.Join(", ", Items)}]";
}

/// <summary>Members by key; what is set later wins, and objects of one key merge.</summary>
internal sealed record HoconObject : HoconNode
{
    internal Dictionary<string, HoconNode> Members { get; } = [];

    internal void Set(ReadOnlySpan<string> path, HoconNode value)
    {
        var key = path[0];
        if (path.Length == 1)
        {
            Members[key] = value is HoconObject added && Members.TryGetValue(key, out var old) && old is HoconObject present
                ? Merge(added, present)
                : value;
            return;
        }
        // A copy, since the object may be shared with another configuration.
        var child = Members.TryGetValue(key, out var node) && node is HoconObject existing ? Merge(existing, new HoconObject()) : new HoconObject();
        child.Set(path[1..], value);
        Members[key] = child;
    }

    internal static HoconObject Merge(HoconObject first, HoconObject fallback)
    {
        var merged = new HoconObject();
        foreach (var (key, value) in fallback.Members) merged.Members[key] = value;
        foreach (var (key, value) in first.Members)
            merged.Members[key] = value is HoconObject a && merged.Members.TryGetValue(key, out var other) && other is HoconObject b ? Merge(a, b) : value;
        return merged;
    }

    public override string ToString()
    {
        var text = new StringBuilder("{");
        foreach (var (key, value) in Members) text.Append(' ').Append(key).Append(" : ").Append(value).Append(',');
        if (Members.Count > 0) text.Length--;
        return text.Append(" }").ToString();
    }
}
