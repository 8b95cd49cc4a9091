using System.Text;

namespace Akka.Configuration;

/// <summary>
/// Reads HOCON: nested and dotted keys, <c>=</c> and <c>:</c>, objects, lists, quoted, triple-quoted and unquoted
/// values, comments. Substitutions and includes are refused with an error.
/// </summary>
internal sealed class HoconParser
{
    private readonly string _text;
    private int _at;

    private HoconParser(string text) => _text = text;

    internal static HoconObject Parse(string text)
    {
        var parser = new HoconParser(text);
        parser.SkipBlank();
        HoconObject root;
        if (parser.Peek == '{')
        {
            parser._at++;
            root = parser.ReadMembers('}');
        }
        else
        {
            root = parser.ReadMembers('\0');
        }
        parser.SkipBlank();
        return parser._at >= text.Length ? root : throw parser.Error($"unexpected '{parser.Peek}'");
    }

    private char Peek => _at < _text.Length ? _text[_at] : '\0';

    private bool StartsWith(string s) => string.CompareOrdinal(_text, _at, s, 0, s.Length) == 0;

    private ConfigurationException Error(string what)
    {
        var line = _text.AsSpan(0, Math.Min(_at, _text.Length)).Count('\n') + 1;
        return new ConfigurationException($"Error while parsing HOCON, line {line}: {what}");
    }

    /// <summary>Skips white space, new lines, commas and comments.</summary>
    private void SkipBlank()
    {
        while (_at < _text.Length)
        {
            if (char.IsWhiteSpace(Peek) || Peek is ',' or '\uFEFF') _at++;
            else if (Peek == '#' || StartsWith("//")) SkipLine();
            else break;
        }
    }

    private void SkipLine()
    {
        while (_at < _text.Length && Peek != '\n') _at++;
    }

    private void SkipSpaces()
    {
        while (Peek is ' ' or '\t' or '\r') _at++;
    }

    private HoconObject ReadMembers(char end)
    {
        var members = new HoconObject();
        while (true)
        {
            SkipBlank();
            if (_at >= _text.Length)
                return end == '\0' ? members : throw Error($"expected '{end}' but the text ended");
            if (Peek == end)
            {
                _at++;
                return members;
            }
            var key = ReadKey();
            SkipSpaces();
            if (Peek is '=' or ':') _at++;
            else if (StartsWith("+=")) throw Error("'+=' is not supported");
            else if (Peek != '{') throw Error($"expected '=', ':' or '{{' after key '{string.Join('.', key)}'");
            while (Peek is ' ' or '\t' or '\r' or '\n') _at++;
            members.Set(key, ReadValue());
        }
    }

    private string[] ReadKey()
    {
        var parts = new List<string>();
        while (true)
        {
            SkipSpaces();
            if (Peek == '"')
            {
                parts.Add(ReadQuoted());
                SkipSpaces();
            }
            else
            {
                var start = _at;
                while (_at < _text.Length && Peek is not ('.' or '=' or ':' or '{' or '}' or '[' or ']' or '\n' or '#' or ',' or '"' or '+')) _at++;
                var part = _text[start.._at].Trim();
                if (part.Length == 0) throw Error($"expected a key, found '{Peek}'");
                if (parts.Count == 0 && part == "include") throw Error("'include' is not supported");
                parts.Add(part);
            }
            if (Peek != '.') return [.. parts];
            _at++;
        }
    }

    private HoconNode ReadValue()
    {
        if (Peek == '{')
        {
            _at++;
            return ReadMembers('}');
        }
        return Peek == '[' ? ReadList() : ReadLiteral();
    }

    private HoconList ReadList()
    {
        _at++;
        var items = new List<HoconNode>();
        while (true)
        {
            SkipBlank();
            if (_at >= _text.Length) throw Error("expected ']' but the text ended");
            if (Peek == ']')
            {
                _at++;
                return new HoconList(items);
            }
            items.Add(ReadValue());
        }
    }

    /// <summary>A run of quoted and unquoted pieces up to the end of the line, joined with the blanks between them.</summary>
    private HoconLiteral ReadLiteral()
    {
        var text = new StringBuilder();
        var quoted = false;
        var end = 0;
        while (_at < _text.Length && Peek is not ('\n' or ',' or '}' or ']' or '#') && !StartsWith("//"))
        {
            if (Peek == '"')
            {
                text.Append(StartsWith("\"\"\"") ? ReadTripleQuoted() : ReadQuoted());
                quoted = true;
                end = text.Length;
                continue;
            }
            if (StartsWith("${")) throw Error("substitutions '${…}' are not supported");
            if (Peek is '{' or '[') throw Error($"unexpected '{Peek}' in a value");
            text.Append(Peek);
            if (!char.IsWhiteSpace(Peek)) end = text.Length;
            _at++;
        }
        text.Length = end;
        if (text.Length == 0 && !quoted) throw Error("a value is missing");
        var value = text.ToString();
        return new HoconLiteral(!quoted && value == "null" ? null : value);
    }

    private string ReadTripleQuoted()
    {
        var close = _text.IndexOf("\"\"\"", _at + 3, StringComparison.Ordinal);
        if (close < 0) throw Error("unterminated triple-quoted text");
        var value = _text[(_at + 3)..close];
        _at = close + 3;
        return value;
    }

    private string ReadQuoted()
    {
        var value = new StringBuilder();
        _at++;
        while (true)
        {
            if (_at >= _text.Length || Peek == '\n') throw Error("unterminated quoted text");
            var c = _text[_at++];
            if (c == '"') return value.ToString();
            if (c != '\\')
            {
                value.Append(c);
                continue;
            }
            var escape = Peek;
            _at++;
            value.Append(escape switch
            {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\b',
                'f' => '\f',
                '"' or '\\' or '/' => escape,
                'u' => ReadHex(),
                _ => throw Error($"unknown escape '\\{escape}'"),
            });
        }
    }

    private char ReadHex()
    {
        if (_at + 4 > _text.Length || !ushort.TryParse(_text.AsSpan(_at, 4), System.Globalization.NumberStyles.HexNumber, null, out var code)) throw Error("'\\u' needs four hexadecimal digits");
        _at += 4;
        return (char)code;
    }
}
