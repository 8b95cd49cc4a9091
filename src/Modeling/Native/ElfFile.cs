using System.Buffers.Binary;

namespace TrainingCluster.Modeling.Native;

/// <summary>The beginning of a shared library: whether it is one for this kind of machine.</summary>
internal static class ElfFile
{
    private const int HeaderBytes = 64;
    private const int X64 = 62;

    /// <summary>What is wrong with a file as a library for Linux on x86-64; null: nothing that its header shows.</summary>
    public static string? Problem(string path)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        using var file = File.OpenRead(path);
        var read = file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false);
        if (read == 0)
        {
            return "is empty";
        }
        if (!header.StartsWith("\u007fELF"u8))
        {
            return "is no library (it has no ELF header)";
        }
        var machine = BinaryPrimitives.ReadUInt16LittleEndian(header[18..]);
        // Class 2: 64 bits; data 1: little-endian.
        if (header[4] != 2 || header[5] != 1 || machine != X64)
        {
            return $"is built for {Machine(machine)}, this program for x86-64";
        }
        // The table of sections comes last. The linker does not look: it maps what is missing, and the process dies of a bus error.
        var end =
            BinaryPrimitives.ReadInt64LittleEndian(header[40..])
            + (BinaryPrimitives.ReadUInt16LittleEndian(header[58..]) * BinaryPrimitives.ReadUInt16LittleEndian(header[60..]));
        return read == HeaderBytes && file.Length >= end ? null : $"is cut short: {file.Length} of {Math.Max(end, HeaderBytes)} bytes";
    }

    private static string Machine(int number) =>
        number switch
        {
            3 => "32-bit x86",
            40 => "32-bit ARM",
            X64 => "x32",
            183 => "aarch64",
            21 => "ppc64",
            22 => "s390x",
            243 => "RISC-V",
            _ => $"another processor (ELF machine {number})",
        };
}
