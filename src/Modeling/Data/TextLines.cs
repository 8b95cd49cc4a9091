using System.Collections;
using System.IO.Compression;
using System.Text.Unicode;

namespace TrainingCluster.Modeling.Data;

/// <summary>
/// The lines of one text file, strictly UTF-8, plain or gzip. A line ends with LF or CRLF; other separators that Unicode
/// knows do not end one, so that line numbers are those of every other tool. A gzip file that is cut off is an error by the
/// runtime's strict validation, which the build turns on for every program; what follows its last member, and does not begin
/// like another, is ignored, as gzip does it.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="name">What errors call it. Null: its path.</param>
public sealed class TextLines(string path, string? name = null) : IEnumerable<string>
{
    // Nobody's sentence; a file of another kind without line ends is found out before it fills the memory.
    private const int LongestLineBytes = 64 << 20;
    private readonly string _name = name ?? path;

    /// <inheritdoc/>
    /// <remarks>Enumerating throws <see cref="DatasetException"/> for a file that is missing, empty, unreadable or not text.</remarks>
    public IEnumerator<string> GetEnumerator()
    {
        using var stream = Open();
        var buffer = new byte[1 << 16];
        var (start, end, number, offset) = (0, 0, 0, 0L);
        while (true)
        {
            var length = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                yield return Line(buffer.AsSpan(start, length), ++number, offset);
                start += length + 1;
                offset += length + 1;
                continue;
            }
            if (start > 0)
            {
                buffer.AsSpan(start, end - start).CopyTo(buffer);
                (start, end) = (0, end - start);
            }
            if (end == buffer.Length)
            {
                if (end >= LongestLineBytes)
                {
                    throw new DatasetException(
                        $"{_name}, line {number + 1}: more than {LongestLineBytes >> 20} MiB without a line end: this is no text with "
                            + "a sentence a line."
                    );
                }
                Array.Resize(ref buffer, buffer.Length * 2);
            }
            var read = Fill(stream, buffer.AsSpan(end));
            if (read > 0)
            {
                end += read;
                continue;
            }
            if (end > 0)
            {
                yield return Line(buffer.AsSpan(0, end), ++number, offset);
            }
            if (number == 0)
            {
                throw new DatasetException($"{_name} is empty: a text with a sentence a line was expected.");
            }
            yield break;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private Stream Open()
    {
        if (Directory.Exists(path))
        {
            throw new DatasetException($"{_name} is a folder: name a text file.");
        }
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
            var magic = new byte[2];
            var gzip = file.CanSeek && file.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1F, 0x8B];
            if (file.CanSeek)
            {
                file.Position = 0;
            }
            return gzip ? new GZipStream(file, CompressionMode.Decompress) : file;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DatasetException(
                $"{_name} does not exist: check the path (the working folder is {Directory.GetCurrentDirectory()}).",
                exception
            );
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{_name} cannot be read: {exception.Message}", exception);
        }
    }

    private int Fill(Stream stream, Span<byte> free)
    {
        try
        {
            return stream.Read(free);
        }
        catch (InvalidDataException exception)
        {
            throw new DatasetException($"{_name} is a damaged or cut-off gzip file: {exception.Message}", exception);
        }
        catch (IOException exception)
        {
            throw new DatasetException($"{_name} cannot be read: {exception.Message}", exception);
        }
    }

    private string Line(ReadOnlySpan<byte> bytes, int number, long offset)
    {
        if (number == 1 && (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF])))
        {
            throw new DatasetException($"{_name} is UTF-16: convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8).");
        }
        var zero = bytes.IndexOf((byte)0);
        if (zero >= 0)
        {
            throw new DatasetException($"{_name}, line {number}: a zero byte at offset {offset + zero}: this is a binary file, not text.");
        }
        if (bytes.EndsWith("\r"u8))
        {
            bytes = bytes[..^1];
        }
        if (number == 1 && bytes.StartsWith("\uFEFF"u8))
        {
            bytes = bytes[3..];
            offset += 3;
        }
        var chars = new char[bytes.Length];
        if (
            Utf8.ToUtf16(bytes, chars, out var read, out var written, replaceInvalidSequences: false) != System.Buffers.OperationStatus.Done
        )
        {
            throw new DatasetException(
                $"{_name}, line {number}: invalid UTF-8 at byte offset {offset + read} (byte {read + 1} of the line, "
                    + $"0x{bytes[read]:X2}): convert the file to UTF-8 first (for instance iconv -f ISO-8859-1 -t UTF-8)."
            );
        }
        return new string(chars, 0, written);
    }
}
