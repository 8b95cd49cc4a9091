using TrainingCluster.Cli.Tests.Security;

namespace TrainingCluster.Cli.Tests.Commands;

/// <summary>A folder for <c>certs</c>, and a time.</summary>
public abstract class CertsTests : IDisposable
{
    private readonly TestFolder _folder = new();

    internal TestFolder Folder => _folder;

    protected DateTimeOffset Now { get; } = TimeProvider.System.GetUtcNow();

    protected string Root => _folder.At("certs");

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    protected string At(string path) => Path.Combine(Root, path);

    protected Task<string> MakeAsync(params string[] options) => MakeAtAsync(Now, options);

    protected async Task<string> MakeAtAsync(DateTimeOffset now, params string[] options)
    {
        var session = await CertificateFolders.RunAsync(now, ["certs", Root, .. options]);
        Assert.True(session.ExitCode == 0, session.Error);
        return session.Out + session.Error;
    }

    protected async Task RefusedAsync(string expected, DateTimeOffset? now = null, params string[] options)
    {
        var before = Contents();
        var session = await CertificateFolders.RunAsync(now ?? Now, ["certs", Root, .. options]);
        Assert.Equal((ExitCodes.BadUsage, ""), (session.ExitCode, session.Out));
        Assert.Contains(expected, session.Error, StringComparison.Ordinal);
        Assert.Equal(before, Contents());
    }

    protected Dictionary<string, string> Contents() =>
        Directory.Exists(Root)
            ? Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories).ToDictionary(path => path, File.ReadAllText)
            : [];

    protected Task<string> ReadAsync(string path) => File.ReadAllTextAsync(At(path), TestContext.Current.CancellationToken);
}
