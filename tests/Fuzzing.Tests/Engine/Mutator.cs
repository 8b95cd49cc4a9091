using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace TrainingCluster.Fuzzing.Tests.Engine;

/// <summary>
/// Makes inputs out of a corpus. The n-th input follows from the corpus, the seed and n alone, so a failure is told by three words.
/// </summary>
/// <param name="corpus">All inputs.</param>
/// <param name="seeds">Those of them that the reader takes: at least one.</param>
/// <param name="target">What is known of its inputs.</param>
/// <param name="seed">Of all that is random.</param>
internal sealed class Mutator(IReadOnlyList<byte[]> corpus, IReadOnlyList<byte[]> seeds, FuzzTarget target, int seed)
{
    /// <summary>No input is longer: what a length says matters, not the bytes themselves.</summary>
    public const int LongestInput = 64 * 1024;

    private const int MostChanges = 6;

    private static readonly long[] s_numbers =
    [
        0,
        1,
        2,
        -1,
        -2,
        127,
        128,
        255,
        256,
        short.MaxValue,
        ushort.MaxValue,
        1 << 20,
        1 << 30,
        int.MaxValue,
        int.MinValue,
        uint.MaxValue,
        1L << 40,
        long.MaxValue,
        long.MinValue,
    ];

    private readonly byte[][] _words = [.. target.Words.Select(Encoding.UTF8.GetBytes)];

    /// <summary>The input of a number.</summary>
    public byte[] Make(int number)
    {
        var random = new Random(HashOf(seed, number));
        // Mostly what is read, and mostly one change of it: the more there are, the sooner it is refused.
        var input = random.Next(4) > 0 ? seeds[random.Next(seeds.Count)] : Other(random);
        for (var change = random.Next(2) == 0 ? 1 : random.Next(1, MostChanges + 1); change > 0; change--)
        {
            input = ChangeAtDepth(input, target.PartDepth, random);
            if (input.Length > LongestInput)
            {
                input = input[..LongestInput];
            }
        }
        return input;
    }

    private byte[] ChangeAtDepth(byte[] input, int depth, Random random)
    {
        if (depth > 0 && random.Next(8) > 0)
        {
            return ChangeParts(Parts.Split(input), depth, random);
        }
        return target.IsText && random.Next(2) == 0 && IsText(input) ? TextChanges.Change(input, random) : Change(input, random);
    }

    /// <summary>Leaves the lengths of the parts right, so that what is read behind them sees the change.</summary>
    private byte[] ChangeParts(List<byte[]> parts, int depth, Random random)
    {
        if (parts.Count == 0)
        {
            return Bytes(random, sizeof(ushort));
        }
        var at = random.Next(parts.Count);
        switch (random.Next(12))
        {
            case 0:
                parts.RemoveAt(at);
                break;
            case 1:
                parts.Insert(random.Next(parts.Count + 1), parts[at]);
                break;
            case 2:
                var other = Parts.Split(Other(random));
                parts[at] = other.Count == 0 ? [] : other[random.Next(other.Count)];
                break;
            default:
                var changed = ChangeAtDepth(parts[at], depth - 1, random);
                parts[at] = changed.Length > ushort.MaxValue ? changed[..ushort.MaxValue] : changed;
                break;
        }
        return Parts.Join(parts);
    }

    private static bool IsText(byte[] input) => Utf8.IsValid(input) && !input.Contains((byte)0);

    private byte[] Change(byte[] input, Random random) =>
        random.Next(14) switch
        {
            0 => Edited(input, random, (bytes, at) => bytes[at] ^= (byte)(1 << random.Next(8))),
            1 => Edited(input, random, (bytes, at) => bytes[at] = (byte)random.Next(256)),
            2 => Edited(input, random, (bytes, at) => bytes[at] += (byte)random.Next(-3, 4)),
            3 => Insert(input, random, Bytes(random, random.Next(1, 9))),
            4 => Delete(input, random),
            5 => input[..random.Next(input.Length + 1)],
            6 => Insert(input, random, Block(input, random)),
            7 => Insert(input, random, Block(Other(random), random)),
            8 => [.. Head(input, random), .. Tail(Other(random), random)],
            9 or 10 => Number(input, random),
            11 => Insert(input, random, Varint(s_numbers[random.Next(s_numbers.Length)])),
            12 => Repeat(input, random),
            _ => _words.Length > 0 ? Insert(input, random, _words[random.Next(_words.Length)]) : Number(input, random),
        };

    private byte[] Other(Random random) => corpus[random.Next(corpus.Count)];

    private static byte[] Edited(byte[] input, Random random, Action<byte[], int> edit)
    {
        if (input.Length == 0)
        {
            return Bytes(random, 1);
        }
        byte[] bytes = [.. input];
        edit(bytes, random.Next(bytes.Length));
        return bytes;
    }

    private static byte[] Insert(byte[] input, Random random, ReadOnlySpan<byte> what)
    {
        var at = random.Next(input.Length + 1);
        return [.. input.AsSpan(0, at), .. what, .. input.AsSpan(at)];
    }

    private static byte[] Delete(byte[] input, Random random)
    {
        var (from, length) = Part(input, random);
        return [.. input.AsSpan(0, from), .. input.AsSpan(from + length)];
    }

    private static byte[] Block(byte[] input, Random random)
    {
        var (from, length) = Part(input, random);
        return input[from..(from + length)];
    }

    private static byte[] Head(byte[] input, Random random) => input[..random.Next(input.Length + 1)];

    private static byte[] Tail(byte[] input, Random random) => input[random.Next(input.Length + 1)..];

    private static byte[] Repeat(byte[] input, Random random)
    {
        var block = Block(input, random);
        var times = Math.Min(1 << random.Next(1, 10), LongestInput / Math.Max(1, block.Length));
        return Insert(input, random, Enumerable.Repeat(block, times).SelectMany(bytes => bytes).ToArray());
    }

    /// <summary>Writes a number that is often a length over bytes of the input, in one of the widths and orders.</summary>
    private static byte[] Number(byte[] input, Random random)
    {
        var width = 1 << random.Next(4);
        if (input.Length < width)
        {
            return Bytes(random, width);
        }
        var value = s_numbers[random.Next(s_numbers.Length)] + random.Next(-1, 2);
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(number, value);
        byte[] bytes = [.. input];
        // Headers stand in front, and their numbers at multiples of their width.
        var places = random.Next(2) == 0 ? Math.Min(64, bytes.Length) : bytes.Length;
        var at = Math.Min(random.Next(places) / width * width, bytes.Length - width);
        number[..width].CopyTo(bytes.AsSpan(at));
        if (random.Next(4) == 0)
        {
            bytes.AsSpan(at, width).Reverse();
        }
        return bytes;
    }

    private static byte[] Varint(long value)
    {
        var bytes = new List<byte>();
        for (var rest = (ulong)value; ; rest >>= 7)
        {
            if (rest < 0x80)
            {
                bytes.Add((byte)rest);
                return [.. bytes];
            }
            bytes.Add((byte)(rest | 0x80));
        }
    }

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static (int From, int Length) Part(byte[] input, Random random)
    {
        var from = random.Next(input.Length + 1);
        // Mostly short ones: a long one leaves nothing to read.
        var longest = random.Next(3) == 0 ? input.Length - from : Math.Min(32, input.Length - from);
        return (from, random.Next(longest + 1));
    }

    // The same in every process, as HashCode is not.
    private static int HashOf(int seed, int number) => unchecked((int)(((uint)seed * 2654435761u) ^ ((uint)number * 2246822519u)));
}
