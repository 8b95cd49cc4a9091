using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Tests.Hosting;

namespace TrainingCluster.Coordinator.Tests.Interop;

/// <summary>grpcio, another implementation of gRPC, calls a coordinator.</summary>
public sealed class PythonClientTests(PythonClientTests.RunningCoordinator coordinator)
    : IClassFixture<PythonClientTests.RunningCoordinator>
{
    // Debian's, which has Debian's grpcio, whatever stands before it on the path.
    private const string Python = "/usr/bin/python3";

    [Theory]
    [InlineData("reflection")]
    [InlineData("submit_get_list")]
    [InlineData("watch_cancel")]
    [InlineData("errors")]
    [InlineData("prepare")]
    [InlineData("deadline_and_cancellation")]
    [InlineData("health")]
    public async Task Grpcio_CallsACoordinator_CheckHolds(string check)
    {
        Assert.SkipUnless(
            File.Exists(Python) && (await Tool.RunAsync(Python, ["-c", "import grpc, google.protobuf"])).ExitCode == 0,
            $"{Python} has no grpcio (Debian: apt-get install python3-grpcio python3-protobuf)"
        );
        var script = Repository.At("tests", "Coordinator.Tests", "Interop", "client.py");

        var result = await Tool.RunAsync(
            Python,
            ["-B", script, new Uri(coordinator.Program.Ready.Grpc).Authority, TestDataset.Fingerprint, check]
        );

        Assert.True(result.ExitCode == 0, result.All + coordinator.Program.Output);
        Assert.DoesNotContain("ended with status Unknown", coordinator.Program.Output, StringComparison.Ordinal);
    }

    /// <summary>A coordinator's process without workers, which holds a dataset, so that jobs are taken and stay queued.</summary>
    public sealed class RunningCoordinator : IAsyncLifetime
    {
        private readonly TemporaryFolder _folder = new();

        internal ProgramProcess Program { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            TestDataset.AddTo(new DataFolder(_folder.Path));
            Program = await ProgramProcess.StartAsync("Coordinator", _folder.Path);
        }

        public async ValueTask DisposeAsync()
        {
            await Program.DisposeAsync();
            _folder.Dispose();
        }
    }
}
