using System.Globalization;
using Akka.Actor;

namespace Akka.Configuration;

/// <summary>A configuration is not readable or lacks something.</summary>
public class ConfigurationException : AkkaException
{
    public ConfigurationException(string message) : base(message) { }
    public ConfigurationException(string message, Exception exception) : base(message, exception) { }
}

/// <summary>Settings by dotted path, with a fallback for those it lacks. Never changes.</summary>
public class Config
{
    public static readonly Config Empty = new();

    private readonly HoconObject _root;

    public Config() : this(new HoconObject()) { }

    internal Config(HoconObject root) => _root = root;

    public virtual bool IsEmpty => _root.Members.Count == 0;

    public virtual bool HasPath(string path) => Find(path) is not null;

    public virtual string GetString(string path, string @default = null) => Literal(path, out var text) ? text : @default;

    public virtual bool GetBoolean(string path, bool @default = false) => Literal(path, out var text) ? ToBoolean(path, text) : @default;

    public virtual int GetInt(string path, int @default = 0) => Literal(path, out var text) ? ToNumber<int>(path, text) : @default;

    public virtual long GetLong(string path, long @default = 0) => Literal(path, out var text) ? ToNumber<long>(path, text) : @default;

    public virtual float GetFloat(string path, float @default = 0) => Literal(path, out var text) ? ToNumber<float>(path, text) : @default;

    public virtual double GetDouble(string path, double @default = 0) => Literal(path, out var text) ? ToNumber<double>(path, text) : @default;

    /// <summary>A number of bytes: <c>128000</c>, <c>128000b</c>, <c>30KiB</c>, <c>64k</c>, <c>1MB</c>.</summary>
    public virtual long? GetByteSize(string path, long? def = null) => Literal(path, out var text) ? HoconUnits.ParseByteSize(path, text) : def;

    /// <summary>A duration: <c>300ms</c>, <c>2 s</c>, <c>1.5 minutes</c>, <c>infinite</c>; a bare number is milliseconds.</summary>
    public virtual TimeSpan GetTimeSpan(string path, TimeSpan? @default = null, bool allowInfinite = true) =>
        Literal(path, out var text) ? HoconUnits.ParseDuration(path, text, allowInfinite) : @default.GetValueOrDefault();

    public virtual IList<string> GetStringList(string path) => GetStringList(path, []);

    public virtual IList<string> GetStringList(string path, string[] defaultPaths) => Find(path) switch
    {
        null => defaultPaths,
        HoconList list => [.. list.Items.Select(i => i is HoconLiteral l ? l.Text : throw Wrong(path, i.ToString(), "a list of strings"))],
        var other => throw Wrong(path, other.ToString(), "a list"),
    };

    public virtual Config GetConfig(string path) => Find(path) is HoconObject found ? new Config(found) : null;

    public virtual Config WithFallback(Config fallback) =>
        fallback is null || fallback.IsEmpty ? this : IsEmpty ? fallback : new Config(HoconObject.Merge(_root, fallback._root));

    public override string ToString() => _root.ToString();

    public static implicit operator Config(string str) => ConfigurationFactory.ParseString(str);

    private HoconNode Find(string path)
    {
        HoconNode node = _root;
        foreach (var key in HoconUnits.SplitPath(path))
        {
            if (node is not HoconObject found || !found.Members.TryGetValue(key, out node)) return null;
        }
        return node;
    }

    private bool Literal(string path, out string text)
    {
        text = null;
        switch (Find(path))
        {
            case null: return false;
            case HoconLiteral literal: text = literal.Text; return text is not null;
            case var other: throw Wrong(path, other.ToString(), "a single value");
        }
    }

    private static bool ToBoolean(string path, string text) => text.ToLowerInvariant() switch
    {
        "on" or "true" or "yes" => true,
        "off" or "false" or "no" => false,
        _ => throw Wrong(path, text, "on, off, true, false, yes or no"),
    };

    private static T ToNumber<T>(string path, string text) where T : System.Numerics.INumber<T> =>
        T.TryParse(text, NumberStyles.Number | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var value) ? value : throw Wrong(path, text, "a number");

    internal static ConfigurationException Wrong(string path, string value, string wanted) => new($"Setting '{path}' is {value}, which is not {wanted}.");
}

/// <summary>Makes configurations.</summary>
public class ConfigurationFactory
{
    public static Config Empty => ParseString("");

    public static Config ParseString(string hocon) => new(HoconParser.Parse(hocon));

    /// <summary>The library's own defaults.</summary>
    public static Config Default() => ParseString(Reference.Hocon);
}
