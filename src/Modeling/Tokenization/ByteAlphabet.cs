using System.Text;

namespace TrainingCluster.Modeling.Tokenization;

/// <summary>
/// The printable stand-ins for the 256 bytes that GPT-2's byte-level vocabularies use (Radford et al., 2019): printable
/// Latin-1 characters stand for themselves, every other byte for the next character from U+0100 on.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] s_chars = new char[256];
    private static readonly Dictionary<char, byte> s_bytes = [];

    static ByteAlphabet()
    {
        var next = (char)256;
        for (var b = 0; b < 256; b++)
        {
            var itself = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            s_chars[b] = itself ? (char)b : next++;
            s_bytes[s_chars[b]] = (byte)b;
        }
    }

    /// <summary>The stand-ins of <paramref name="bytes"/>.</summary>
    public static string ToText(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var b in bytes)
        {
            text.Append(s_chars[b]);
        }
        return text.ToString();
    }

    /// <summary>The bytes behind <paramref name="text"/>, or null where it holds anything but stand-ins.</summary>
    public static byte[]? ToBytes(string text)
    {
        var bytes = new byte[text.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            if (!s_bytes.TryGetValue(text[i], out bytes[i]))
            {
                return null;
            }
        }
        return bytes;
    }
}
