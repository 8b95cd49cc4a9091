using System.Buffers.Binary;
using System.Text;

namespace TrainingCluster.NativeFix;

/// <summary>
/// The section <c>.gnu.version_r</c> of an ELF file: the symbol versions that it wants of other libraries. The loader refuses
/// a library whose wanted version is absent, unless the entry says <c>VER_FLG_WEAK</c> ("Symbol Versioning" in the LSB).
/// </summary>
internal static class VersionNeeds
{
    private const uint SectionTypeVersionNeeds = 0x6ffffffe;
    private const ushort FlagWeak = 2;

    /// <summary>
    /// Sets the flag for <paramref name="version"/> of <paramref name="library"/>; false when the file does not want that
    /// version. A file that has the flag already stays as it is.
    /// </summary>
    /// <exception cref="InvalidDataException">It is no 64-bit little-endian ELF file, or it is cut off.</exception>
    public static bool MakeWeak(Span<byte> file, string library, string version)
    {
        var entries = Entries(file, library, version);
        foreach (var entry in entries)
        {
            var flags = (ushort)(UInt16(file, entry + 4) | FlagWeak);
            BinaryPrimitives.WriteUInt16LittleEndian(At(file, entry + 4, 2), flags);
        }
        return entries.Count > 0;
    }

    /// <summary>
    /// Lets the symbols that are wanted with <paramref name="version"/> be wanted with <paramref name="other"/>, which the file wants
    /// for other symbols already; false when it does not want both.
    /// </summary>
    /// <exception cref="InvalidDataException">It is no 64-bit little-endian ELF file, or it is cut off.</exception>
    public static bool Replace(Span<byte> file, string library, string version, string other)
    {
        var entries = Entries(file, library, version);
        if (entries.Count == 0 || Entries(file, library, other) is not [var model, ..])
        {
            return false;
        }
        var (hash, name) = (UInt32(file, model), UInt32(file, model + 8));
        foreach (var entry in entries)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(At(file, entry, 4), hash);
            BinaryPrimitives.WriteUInt32LittleEndian(At(file, entry + 8, 4), name);
        }
        return true;
    }

    // Where the auxiliary entries for a version begin. Elf64_Vernaux: hash (u32), flags, other (u16 each), name, offset of the next
    // entry (u32 each).
    private static List<ulong> Entries(Span<byte> file, string library, string version)
    {
        if (!file.StartsWith("\u007fELF\u0002\u0001"u8))
        {
            throw new InvalidDataException("not a 64-bit little-endian ELF file");
        }
        var found = new List<ulong>();
        foreach (var section in Sections(file))
        {
            if (section.Type == SectionTypeVersionNeeds)
            {
                AddEntries(file, section, library, version, found);
            }
        }
        return found;
    }

    // Elf64_Verneed: version, count of auxiliary entries (u16 each), file name, offset of the first entry, of the next need.
    private static void AddEntries(Span<byte> file, Section section, string library, string version, List<ulong> found)
    {
        // The last one's offset of the next is 0: the walk always ends, as the others only lead forward.
        for (ulong need = section.Offset, next = 1; next > 0; need += next)
        {
            next = UInt32(file, need + 12);
            if (TextAt(file, section.Strings, UInt32(file, need + 4)) != library)
            {
                continue;
            }
            var entry = need + UInt32(file, need + 8);
            for (var i = UInt16(file, need + 2); i > 0; i--, entry += UInt32(file, entry + 12))
            {
                if (TextAt(file, section.Strings, UInt32(file, entry + 8)) == version)
                {
                    found.Add(entry);
                }
            }
        }
    }

    private static List<Section> Sections(Span<byte> file)
    {
        var (table, size, count) = (UInt64(file, 0x28), UInt16(file, 0x3a), UInt16(file, 0x3c));
        var sections = new List<Section>(count);
        for (uint i = 0; i < count; i++)
        {
            var header = table + i * size;
            // The section that holds the names is given by number.
            var strings = table + (ulong)UInt32(file, header + 0x28) * size;
            var type = UInt32(file, header + 4);
            var stringsOffset = type == SectionTypeVersionNeeds ? UInt64(file, strings + 0x18) : 0;
            sections.Add(new Section(type, UInt64(file, header + 0x18), stringsOffset));
        }
        return sections;
    }

    private static string TextAt(Span<byte> file, ulong strings, uint offset)
    {
        var start = strings + offset;
        At(file, start, 1);
        var text = file[(int)start..];
        var end = text.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? text : text[..end]);
    }

    private static ushort UInt16(Span<byte> file, ulong offset) => BinaryPrimitives.ReadUInt16LittleEndian(At(file, offset, 2));

    private static uint UInt32(Span<byte> file, ulong offset) => BinaryPrimitives.ReadUInt32LittleEndian(At(file, offset, 4));

    private static ulong UInt64(Span<byte> file, ulong offset) => BinaryPrimitives.ReadUInt64LittleEndian(At(file, offset, 8));

    private static Span<byte> At(Span<byte> file, ulong offset, int count) =>
        offset <= (ulong)file.Length && (ulong)(file.Length - (long)offset) >= (ulong)count
            ? file.Slice((int)offset, count)
            : throw new InvalidDataException("the ELF file is cut off or damaged");

    /// <summary>A section header; <paramref name="Strings"/> is where its names begin.</summary>
    private readonly record struct Section(uint Type, ulong Offset, ulong Strings);
}
