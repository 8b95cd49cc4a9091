using System.Globalization;
using System.Net;
using System.Net.Sockets;
using TrainingCluster.Cli.Local;

namespace TrainingCluster.Cli.Demo;

/// <summary>
/// What there is to look at while the demonstration runs and after it: the cluster's page, and a page to translate with the newest
/// weights, which link to one another.
/// </summary>
internal sealed class DemoPlace : IAsyncDisposable
{
    private readonly Terminal _terminal;
    private readonly string? _libtorch;
    private readonly int _port;
    private ServerProgram? _server;
    private string _page = "";

    /// <param name="terminal">Gets the addresses.</param>
    /// <param name="libtorch">The folder of libtorch; null: the server's default.</param>
    public DemoPlace(Terminal terminal, string? libtorch)
    {
        (_terminal, _libtorch) = (terminal, libtorch);
        // The coordinator is told of the server before there is one: they begin in this order.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Address = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}/");
    }

    /// <summary>Where one can translate.</summary>
    public string Address { get; }

    /// <summary>Starts the server, which need not be ready before the training, and tells the addresses.</summary>
    public Task OpenAsync(LocalCluster cluster)
    {
        _page = $"{cluster.Coordinator.Http}/";
        _server = ServerProgram.Start(
            [
                "--coordinator",
                cluster.Coordinator.Grpc,
                "--grpc-port",
                "0",
                "--http-port",
                string.Create(CultureInfo.InvariantCulture, $"{_port}"),
                .. ServerProgram.Given("--libtorch", _libtorch),
            ],
            _terminal.Time
        );
        return TellAsync("from its first checkpoint on");
    }

    /// <summary>Until Ctrl-C, or until the server ends.</summary>
    public async Task StayAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _server!.ReadyAsync(cancellationToken);
            await TellAsync("Ctrl-C ends both");
            await _server.EndedAsync(cancellationToken);
            throw _server.Ended();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // This is how it is meant to end.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is { } server)
        {
            // It removes what it has fetched.
            await server.StopAsync();
            await server.DisposeAsync();
        }
    }

    private Task TellAsync(string note) =>
        _terminal.Error.WriteLineAsync(
            $"""

            the cluster's page        {_page}
            translate with the model  {Address}  ({note})

            """
        );
}
