using TrainingCluster.Cli.Security;
using TrainingCluster.Security;
using TrainingCluster.Transport;

namespace TrainingCluster.Cli.Local;

/// <summary>How programs and clients on this machine use a folder that <c>certs</c> has made.</summary>
public static class LocalCertificates
{
    /// <summary>The coordinator's options.</summary>
    /// <param name="folder">Null: none.</param>
    public static IEnumerable<string> CoordinatorFlags(string? folder) =>
        folder is null ? [] : ["--tls", Folder(folder).Of(CertificateRole.Coordinator), "--tokens", Folder(folder).Tokens];

    /// <summary>A worker's options.</summary>
    /// <param name="folder">Null: none.</param>
    public static IEnumerable<string> WorkerFlags(string? folder) =>
        folder is null ? [] : ["--tls", Folder(folder).Of(CertificateRole.Worker)];

    /// <summary>The options of a server of translations.</summary>
    /// <param name="folder">Null: none.</param>
    public static IEnumerable<string> ServingFlags(string? folder) =>
        folder is null ? [] : ["--tls", Folder(folder).Of(CertificateRole.Serving), "--tokens", Folder(folder).Tokens];

    /// <summary>The access of the client that <c>certs</c> makes.</summary>
    /// <exception cref="CliException">The folder has none.</exception>
    public static ClientAccess Access(string folder)
    {
        var files = Folder(folder);
        return File.Exists(files.ClientToken)
            ? ClientAccess.From(files.ClientAuthority, File.ReadAllText(files.ClientToken).Trim())
            : throw CliException.BadUsage($"--tls {folder}: there is no client/token in it; './cluster certs {folder}' makes one");
    }

    private static CertificateFolder Folder(string path) => new(Path.GetFullPath(path));
}
