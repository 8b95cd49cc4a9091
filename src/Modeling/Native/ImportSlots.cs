using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace TrainingCluster.Modeling.Native;

/// <summary>
/// Where a loaded library keeps the addresses of the functions that it calls in others: the slots of its procedure linkage table
/// (System V ABI, "Dynamic Linking").
/// </summary>
internal static class ImportSlots
{
    private const uint DynamicSegment = 2;
    private const uint LoadSegment = 1;
    private const uint JumpSlot = 7;
    private const int TagStrings = 5;
    private const int TagSymbols = 6;
    private const int TagPltSize = 2;
    private const int TagPlt = 23;
    private const int RelocationBytes = 24;
    private const int SymbolBytes = 24;

    /// <summary>The slots' addresses relative to where the library is loaded, by the names of the functions.</summary>
    /// <param name="file">A library for x86-64.</param>
    /// <exception cref="InvalidDataException">It has no such table, or is damaged.</exception>
    public static Dictionary<string, ulong> Read(ReadOnlySpan<byte> file)
    {
        try
        {
            return ReadTable(file);
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or OverflowException)
        {
            throw new InvalidDataException("its tables lead outside of the file", e);
        }
    }

    /// <summary>Where a file is mapped, and whether a place in it may be written.</summary>
    /// <param name="maps">Lines of /proc/self/maps.</param>
    /// <param name="path">The file, without links.</param>
    /// <returns>The address of its beginning, and the ranges that are writable; null: it is not mapped.</returns>
    public static (ulong Start, IReadOnlyList<(ulong From, ulong To)> Writable)? Find(IEnumerable<string> maps, string path)
    {
        ulong? start = null;
        var writable = new List<(ulong, ulong)>();
        foreach (var line in maps)
        {
            // 7f00-7f10 rw-p 00000000 fe:01 1234   /path
            var fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length < 6 || fields[5].Trim() != path)
            {
                continue;
            }
            var range = fields[0]
                .Split('-')
                .Select(text => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture))
                .ToArray();
            start ??= range[0];
            if (fields[1].StartsWith("rw", StringComparison.Ordinal))
            {
                writable.Add((range[0], range[1]));
            }
        }

        return start is { } found ? (found, writable) : null;
    }

    private static Dictionary<string, ulong> ReadTable(ReadOnlySpan<byte> file)
    {
        var segments = Segments(file);
        var dynamic = Dynamic(file, segments);
        if (!dynamic.TryGetValue(TagPlt, out var plt) || !dynamic.TryGetValue(TagPltSize, out var size))
        {
            throw new InvalidDataException("it has no table of the functions that it calls");
        }
        var (table, symbols, strings) = (
            Offset(segments, plt),
            Offset(segments, dynamic[TagSymbols]),
            Offset(segments, dynamic[TagStrings])
        );
        var slots = new Dictionary<string, ulong>(StringComparer.Ordinal);
        for (ulong at = table; at < table + size; at += RelocationBytes)
        {
            // Elf64_Rela: address, then type (low half) and symbol (high half).
            if (UInt32(file, at + 8) != JumpSlot)
            {
                continue;
            }
            var name = Text(file, strings + UInt32(file, symbols + (UInt32(file, at + 12) * (ulong)SymbolBytes)));
            slots[name] = UInt64(file, at);
        }

        return slots;
    }

    private static List<(uint Type, ulong Offset, ulong Address, ulong Bytes)> Segments(ReadOnlySpan<byte> file)
    {
        var (table, size, count) = (UInt64(file, 32), UInt16(file, 54), UInt16(file, 56));
        var segments = new List<(uint, ulong, ulong, ulong)>(count);
        for (uint i = 0; i < count; i++)
        {
            var at = table + (i * (ulong)size);
            segments.Add((UInt32(file, at), UInt64(file, at + 8), UInt64(file, at + 16), UInt64(file, at + 32)));
        }

        return segments;
    }

    private static Dictionary<ulong, ulong> Dynamic(
        ReadOnlySpan<byte> file,
        List<(uint Type, ulong Offset, ulong Address, ulong Bytes)> segments
    )
    {
        var segment = segments.Find(segment => segment.Type == DynamicSegment);
        var entries = new Dictionary<ulong, ulong>();
        for (var at = segment.Offset; at < segment.Offset + segment.Bytes; at += 16)
        {
            entries.TryAdd(UInt64(file, at), UInt64(file, at + 8));
        }
        return entries;
    }

    private static ulong Offset(List<(uint Type, ulong Offset, ulong Address, ulong Bytes)> segments, ulong address)
    {
        var segment = segments.Find(segment =>
            segment.Type == LoadSegment && address >= segment.Address && address - segment.Address < segment.Bytes
        );
        return segment.Bytes > 0
            ? segment.Offset + (address - segment.Address)
            : throw new InvalidDataException("an address lies in no segment");
    }

    private static string Text(ReadOnlySpan<byte> file, ulong at)
    {
        var text = file[checked((int)at)..];
        var end = text.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? text : text[..end]);
    }

    private static ushort UInt16(ReadOnlySpan<byte> file, ulong at) => BinaryPrimitives.ReadUInt16LittleEndian(file[checked((int)at)..]);

    private static uint UInt32(ReadOnlySpan<byte> file, ulong at) => BinaryPrimitives.ReadUInt32LittleEndian(file[checked((int)at)..]);

    private static ulong UInt64(ReadOnlySpan<byte> file, ulong at) => BinaryPrimitives.ReadUInt64LittleEndian(file[checked((int)at)..]);
}
