using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Google.Protobuf;
using TrainingCluster.V1;

namespace TrainingCluster.Files;

/// <summary>Reads the files of a folder as chunks to be sent; <see cref="FolderReceiver"/> takes them at the other end.</summary>
public static class FolderSender
{
    /// <summary>Bytes in a chunk.</summary>
    public const int ChunkBytes = 512 * 1024;

    /// <summary>Paths of all files, relative, '/' separated, in ordinal order.</summary>
    public static IReadOnlyList<string> Paths(string folder) =>
        [
            .. Directory
                .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(folder, f).Replace(Path.DirectorySeparatorChar, '/'))
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>Every file of <paramref name="folder"/>, in the order of <see cref="Paths"/>; an empty file is one empty chunk.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Chunks, each of which holds its bytes until the next is asked for.</returns>
    /// <exception cref="EndOfStreamException">A file became shorter while it was read.</exception>
    public static async IAsyncEnumerable<FileChunk> ReadAsync(
        string folder,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        var buffer = new byte[ChunkBytes];
        foreach (var path in Paths(folder))
        {
            await using var stream = File.OpenRead(Path.Combine(folder, path));
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var size = stream.Length;
            long sent = 0;
            do
            {
                var count = (int)Math.Min(ChunkBytes, size - sent);
                if (await stream.ReadAtLeastAsync(buffer.AsMemory(0, count), count, throwOnEndOfStream: false, cancellationToken) < count)
                {
                    throw new EndOfStreamException($"{path} became shorter while it was read.");
                }
                hash.AppendData(buffer, 0, count);
                sent += count;
                yield return new FileChunk
                {
                    Path = path,
                    FileBytes = size,
                    Sha256 = sent == size ? Convert.ToHexStringLower(hash.GetHashAndReset()) : "",
                    Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, count)),
                };
            } while (sent < size);
        }
    }
}
