using System.Buffers.Binary;
using System.Text;

namespace TrainingCluster.NativeFix.Tests;

/// <summary>
/// A small ELF file: header, section headers (none, versions wanted, names), two wanted libraries with two versions each.
/// </summary>
internal sealed class MadeUpElf
{
    private const int Headers = 64,
        HeaderSize = 64,
        Needs = Headers + 3 * HeaderSize,
        NeedSize = 16,
        Names = 512;
    private readonly byte[] _bytes = new byte[1024];
    private int _namesEnd = Names + 1;

    public MadeUpElf()
    {
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(_bytes);
        Write64(0x28, Headers);
        Write16(0x3a, HeaderSize);
        Write16(0x3c, 3);
        Write32(Headers + HeaderSize + 4, 0x6ffffffe);
        Write64(Headers + HeaderSize + 0x18, Needs);
        Write32(Headers + HeaderSize + 0x28, 2);
        Write32(Headers + HeaderSize + 0x2c, 2);
        Write32(Headers + 2 * HeaderSize + 4, 3);
        Write64(Headers + 2 * HeaderSize + 0x18, Names);
        WriteNeed(0, "libc.so.6", "GLIBC_2.34", "GLIBCXX_3.4.32");
        WriteNeed(1, "libstdc++.so.6", "GLIBCXX_3.4.30", "GLIBCXX_3.4.32");
    }

    public byte[] Bytes => (byte[])_bytes.Clone();

    /// <summary>Where the flags of a library's version stand.</summary>
    public static int FlagsAt(int library, int version) => Entry(library, version) + 4;

    private static int Need(int library) => Needs + library * 3 * NeedSize;

    private static int Entry(int library, int version) => Need(library) + NeedSize * (1 + version);

    private void WriteNeed(int library, string name, params string[] versions)
    {
        var at = Need(library);
        Write16(at, 1);
        Write16(at + 2, (ushort)versions.Length);
        Write32(at + 4, AddName(name));
        Write32(at + 8, NeedSize);
        Write32(at + 12, library == 0 ? 3 * NeedSize : 0u);
        for (var i = 0; i < versions.Length; i++)
        {
            Write32(Entry(library, i), (uint)(0x01000000 + (16 * library) + i));
            Write32(Entry(library, i) + 8, AddName(versions[i]));
            Write32(Entry(library, i) + 12, i < versions.Length - 1 ? NeedSize : 0u);
        }
    }

    private uint AddName(string name)
    {
        var offset = _namesEnd - Names;
        _namesEnd += Encoding.ASCII.GetBytes(name, _bytes.AsSpan(_namesEnd)) + 1;
        return (uint)offset;
    }

    private void Write16(int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(at), value);

    private void Write32(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(at), value);

    private void Write64(int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(at), value);
}
