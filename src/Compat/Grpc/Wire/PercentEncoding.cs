using System.Buffers;
using System.Text;

namespace Grpc.Wire;

/// <summary><c>grpc-message</c>: UTF-8 with everything but printable ASCII, and the percent sign itself, as %XX.</summary>
internal static class PercentEncoding
{
    // From space to tilde, without the percent sign.
    private static readonly SearchValues<char> s_plain =
        SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code).Where(c => c != '%')]);

    public static string Encode(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(s_plain))
            return text;
        var encoded = new StringBuilder(text.Length * 2);
        foreach (var code in Encoding.UTF8.GetBytes(text))
        {
            if (s_plain.Contains((char)code))
                encoded.Append((char)code);
            else
                encoded.Append('%').Append(code.ToString("X2", null));
        }
        return encoded.ToString();
    }

    /// <summary>What is no valid escape stays as it stands: a message is never a reason to fail.</summary>
    public static string Decode(string text) => Uri.UnescapeDataString(text);
}
