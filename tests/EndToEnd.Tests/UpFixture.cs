using System.Text.Json;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>One local cluster of two workers for several tests.</summary>
public sealed class UpFixture : IAsyncLifetime
{
    private ClusterCommand? _up;
    private JsonElement _addresses;

    internal Workspace Workspace { get; } = new();

    public string Coordinator => Address(_addresses.GetProperty("coordinator"), "grpc");

    /// <summary>Where every process serves metrics and health.</summary>
    public IReadOnlyList<string> HttpAddresses =>
        [
            Address(_addresses.GetProperty("coordinator"), "http"),
            .. _addresses.GetProperty("workers").EnumerateArray().Select(worker => Address(worker, "http")),
        ];

    public async ValueTask InitializeAsync()
    {
        _up = ClusterCommand.Start(
            Workspace,
            "up",
            "--workers",
            "2",
            "--grpc-port",
            "0",
            "--http-port",
            "0",
            "--cluster-port",
            "0",
            "--json"
        );
        await _up.SeeAsync(text => text.Contains("}\n", StringComparison.Ordinal), "addresses");
        using var document = JsonDocument.Parse(_up.Output);
        _addresses = document.RootElement.Clone();
    }

    public async ValueTask DisposeAsync()
    {
        if (_up is not null)
        {
            _up.Signal(ClusterCommand.SigTerm);
            await _up.EndAsync();
            await _up.DisposeAsync();
        }
        Workspace.Dispose();
    }

    private static string Address(JsonElement process, string name) => process.GetProperty(name).GetString()!;
}
