using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;

namespace TrainingCluster.Cli;

/// <summary>The lines of standard input, each as soon as it is there. Only \n ends a line; a \r before it is taken off.</summary>
public static class InputLines
{
    /// <summary>Longest line taken, in bytes: what is longer is no sentence.</summary>
    public const int LongestLineBytes = 16 * 1024 * 1024;

    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads to the end of <paramref name="input"/>.</summary>
    /// <exception cref="CliException">A line is not UTF-8, or longer than <see cref="LongestLineBytes"/>: it is named by its
    /// number.</exception>
    public static async IAsyncEnumerable<string> ReadAsync(Stream input, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(input, new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true));
        var number = 0;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                yield return Decode(rest.Slice(0, end), ++number);
                rest = rest.Slice(rest.GetPosition(1, end));
            }
            if (rest.Length > LongestLineBytes)
            {
                throw CliException.BadUsage(
                    $"standard input, line {number + 1}: longer than {LongestLineBytes} bytes; is this text, a sentence a line?"
                );
            }
            if (read.IsCompleted)
            {
                if (rest.Length > 0)
                {
                    yield return Decode(rest, ++number);
                }
                yield break;
            }
            reader.AdvanceTo(rest.Start, rest.End);
        }
    }

    private static string Decode(ReadOnlySequence<byte> bytes, int number)
    {
        try
        {
            var line = s_strict.GetString(bytes);
            return (number == 1 ? line.TrimStart('\uFEFF') : line).TrimEnd('\r');
        }
        catch (DecoderFallbackException exception)
        {
            throw CliException.BadUsage(
                $"standard input, line {number}: this is not UTF-8; convert it first, with 'iconv -f LATIN1 -t UTF-8' say",
                exception
            );
        }
    }
}
