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
        (_up, _addresses) = await ClusterCommand.UpAsync(Workspace);
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
