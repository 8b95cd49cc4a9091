using System.Security.Cryptography;

namespace TrainingCluster.Checkpoints;

/// <summary>A file as it was stored whole.</summary>
/// <param name="Path">Relative, '/' separated.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Lower-case hexadecimal.</param>
public sealed record StoredFile(string Path, long Bytes, string Sha256)
{
    /// <summary>SHA-256 of a file that is there now, lower-case hexadecimal.</summary>
    public static async Task<string> Sha256OfAsync(string path, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }

    /// <summary>What is wrong with this file in <paramref name="folder"/> by its size; null: nothing that shows so.</summary>
    public string? Look(string folder)
    {
        var file = new FileInfo(System.IO.Path.Combine(folder, Path));
        if (!file.Exists)
        {
            return $"{Path} is missing";
        }
        return file.Length == Bytes ? null : $"{Path} has {file.Length} bytes, {Bytes} were stored";
    }
}
