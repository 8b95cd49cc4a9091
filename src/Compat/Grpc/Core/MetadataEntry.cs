using System.Buffers;
using System.Text;

namespace Grpc.Core;

public sealed partial class Metadata
{
    /// <summary>One key with its text or bytes. Keys are kept in lower case.</summary>
    public class Entry
    {
        private static readonly SearchValues<char> s_keyCharacters =
            SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

        private readonly string? _value;
        private readonly byte[]? _bytes;

        /// <exception cref="ArgumentException">The key holds other characters, or lacks the suffix <c>-bin</c>.</exception>
        public Entry(string key, byte[] valueBytes)
        {
            ArgumentNullException.ThrowIfNull(valueBytes);
            Key = Normalise(key);
            if (!IsBinaryKey(Key))
                throw new ArgumentException($"Key '{key}' of a binary valued metadata entry needs the suffix '{BinaryHeaderSuffix}'.", nameof(key));
            _bytes = [.. valueBytes];
        }

        /// <exception cref="ArgumentException">The key holds other characters, or has the suffix <c>-bin</c>.</exception>
        public Entry(string key, string value)
        {
            ArgumentNullException.ThrowIfNull(value);
            Key = Normalise(key);
            if (IsBinaryKey(Key))
                throw new ArgumentException($"Key '{key}' of an ASCII valued metadata entry cannot have the suffix '{BinaryHeaderSuffix}'.", nameof(key));
            _value = value;
        }

        public string Key { get; }

        /// <summary>The text.</summary>
        /// <exception cref="InvalidOperationException">The entry is binary.</exception>
        public string Value => _value ?? throw new InvalidOperationException("Cannot access string value of a binary metadata entry");

        /// <summary>A copy of the bytes; the ASCII bytes of a text.</summary>
        public byte[] ValueBytes => _bytes is null ? Encoding.ASCII.GetBytes(_value!) : [.. _bytes];

        public bool IsBinary => _bytes is not null;

        public override string ToString() =>
            IsBinary ? $"[Entry: key={Key}, valueBytes={_bytes!.Length} bytes]" : $"[Entry: key={Key}, value={_value}]";

        internal bool Is(string key) => string.Equals(Key, key, StringComparison.OrdinalIgnoreCase);

        internal static bool IsBinaryKey(string key) => key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);

        private static string Normalise(string key)
        {
            ArgumentNullException.ThrowIfNull(key);
            if (key.AsSpan().ContainsAnyExcept(s_keyCharacters))
            {
                throw new ArgumentException(
                    $"Metadata entry key '{key}' not valid. Keys can only contain lowercase alphanumeric characters, underscores, hyphens and dots.",
                    nameof(key));
            }
#pragma warning disable CA1308 // HTTP/2 wants lower case.
            return key.ToLowerInvariant();
#pragma warning restore CA1308
        }
    }
}
