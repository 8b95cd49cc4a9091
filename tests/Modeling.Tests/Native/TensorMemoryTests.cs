using System.Globalization;
using TorchSharp;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Modeling.Tests.Native;

public sealed class TensorMemoryTests
{
    [Fact]
    public void Install_TheLibtorchOfThisProcess_ServesItsTensors()
    {
        Assert.Null(TensorMemory.Problem);
        var before = TensorMemory.Bytes;
        using var tensor = torch.empty(11_111_111);
        Assert.InRange(TensorMemory.Bytes - before, 0, 11_111_111L * 4 * 9 / 8 + 4096);
        Assert.True(TensorMemory.Bytes >= 11_111_111L * 4);
    }

    [Fact]
    public unsafe void Install_TheKernelsMemory_IsAskedForInHugePages()
    {
        if (!Directory.Exists("/sys/kernel/mm/transparent_hugepage"))
        {
            Assert.Skip("This kernel has no transparent huge pages.");
        }
        using var tensor = torch.ones(1_000_000);
        fixed (byte* data = tensor.bytes)
        {
            Assert.Contains("hg", FlagsOf((ulong)data));
        }
    }

    [Fact]
    public void Tensors_OfEverOtherSizes_TakeNoMoreMemoryThanAtFirst()
    {
        var random = new Random(1);
        long after = 0;
        for (var round = 0; round < 400; round++)
        {
            using var scope = torch.NewDisposeScope();
            for (var i = 0; i < 20; i++)
            {
                torch.ones(random.Next(10_000, 1_000_000));
            }
            if (round == 100)
            {
                after = TensorMemory.Bytes;
            }
        }

        // Tests beside this one make tensors too.
        Assert.InRange(TensorMemory.Bytes, after, after + (200L << 20));
    }

    [Fact]
    public void Trim_FreeMemory_LeavesTensorsAsTheyAre()
    {
        using var tensor = torch.arange(1_000_000);
        for (var i = 0; i < 3; i++)
        {
            torch.ones(2_000_000).Dispose();
            TensorMemory.Trim();
        }

        Assert.Equal(999_999L * 1_000_000 / 2, tensor.sum().item<long>());
        Assert.Equal(2_000_000, torch.ones(2_000_000).sum().item<float>());
    }

    [Fact]
    public void Read_LibraryOfThisProcess_FindsTheSlotsOfItsCalls()
    {
        var slots = ImportSlots.Read(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "libc10.so")));

        Assert.Contains("posix_memalign", slots.Keys);
        Assert.Equal(0UL, slots["free"] % 8);
        Assert.DoesNotContain("no_such_function", slots.Keys);
    }

    [Fact]
    public void Read_DamagedLibrary_SaysSoAndNothingWorse()
    {
        var whole = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "libc10.so"));
        foreach (var length in new[] { 0, 10, 64, 500, 5_000, 100_000 })
        {
            Assert.Throws<InvalidDataException>(() => ImportSlots.Read(whole.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Find_LinesOfMaps_TellsStartAndWritableRanges()
    {
        string[] maps =
        [
            "7f0000000000-7f0000100000 r-xp 00000000 fe:01 12                         /lib/a b.so",
            "7f0000101000-7f0000102000 r--p 00100000 fe:01 12                         /lib/a b.so",
            "7f0000102000-7f0000104000 rw-p 00101000 fe:01 12                         /lib/a b.so",
            "7f0000104000-7f0000105000 rw-p 00000000 00:00 0 ",
            "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]",
        ];

        var found = ImportSlots.Find(maps, "/lib/a b.so");

        Assert.Equal(0x7f0000000000UL, found!.Value.Start);
        Assert.Equal((0x7f0000102000UL, 0x7f0000104000UL), Assert.Single(found.Value.Writable));
        Assert.Null(ImportSlots.Find(maps, "/lib/b.so"));
    }

    /// <summary>What the kernel keeps of the range of addresses that one lies in, two letters each (proc_pid_smaps(5)).</summary>
    private static string[] FlagsOf(ulong address)
    {
        const string Flags = "VmFlags:";
        var found = false;
        foreach (var line in File.ReadLines("/proc/self/smaps"))
        {
            if (found && line.StartsWith(Flags, StringComparison.Ordinal))
            {
                return line[Flags.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            }
            var ends = line.Split(' ')[0].Split('-');
            found =
                ends.Length == 2
                    ? address >= ulong.Parse(ends[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                        && address < ulong.Parse(ends[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                    : found;
        }
        return [];
    }
}
