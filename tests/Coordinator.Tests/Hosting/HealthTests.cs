using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.Data.Sqlite;
using TrainingCluster.Coordinator.Tests.Files;

namespace TrainingCluster.Coordinator.Tests.Hosting;

/// <summary>A coordinator's process says so when a part of it does not live.</summary>
public class HealthTests
{
    [Fact]
    public async Task Health_StoreThatDoesNotAnswer_IsToldEverywhereUntilItDoes()
    {
        using var folder = new TemporaryFolder();
        await using var coordinator = await ProgramProcess.StartAsync("Coordinator", folder.Path);
        await UntilAsync(coordinator, "/healthz", "200 ok");

        await using (var other = new SqliteConnection($"Data Source={Path.Combine(folder.Path, "jobs.db")};Pooling=False"))
        {
            await other.OpenAsync(TestContext.Current.CancellationToken);
            using var hold = other.CreateCommand();
            hold.CommandText = "BEGIN EXCLUSIVE";
            hold.ExecuteNonQuery();
            await UntilAsync(coordinator, "/healthz", "503 the job store");
            await UntilAsync(coordinator, "/readyz", "503 the job store");
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, await GrpcAsync(coordinator));
        }

        await UntilAsync(coordinator, "/healthz", "200 ok");
    }

    [Fact]
    public async Task Health_FullDisk_TakesNoCallsButNeedsNoRestart()
    {
        using var folder = new TemporaryFolder();
        using var disk = SmallDisk.Mount(folder.Path, kilobytes: 4096);
        Assert.SkipUnless(disk is not null, "needs the right to mount a small disk");
        await using var coordinator = await ProgramProcess.StartAsync("Coordinator", folder.Path);
        await UntilAsync(coordinator, "/readyz", "200 ready");

        var filler = Path.Combine(folder.Path, "filler");
        Fill(filler);
        await UntilAsync(coordinator, "/readyz", "503 the data folder cannot be written to");
        await UntilAsync(coordinator, "/healthz", "200 ok");
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, await GrpcAsync(coordinator));

        File.Delete(filler);
        await UntilAsync(coordinator, "/readyz", "200 ready");
    }

    [Fact]
    public async Task Calls_ThatChangeSomething_AreAuditedInOneLine()
    {
        using var folder = new TemporaryFolder();
        await using var coordinator = await ProgramProcess.StartAsync("Coordinator", folder.Path);
        using var channel = GrpcChannel.ForAddress(coordinator.Ready.Grpc);
        var jobs = new V1.Jobs.JobsClient(channel);

        await Assert.ThrowsAsync<RpcException>(async () =>
            await jobs.CancelJobAsync(new() { Id = "no\nsuch" }, new Metadata { { "x-request-id", "mine-7" } })
        );

        await ProgramProcess.UntilAsync(
            () =>
                coordinator.Output.Contains("audit: /cluster.v1.Jobs/CancelJob 'no such' by ipv4:127.0.0.1:", StringComparison.Ordinal)
                && coordinator.Output.Contains("request mine-7: NotFound", StringComparison.Ordinal),
            () => coordinator.Output
        );
    }

    private static async Task<HealthCheckResponse.Types.ServingStatus> GrpcAsync(ProgramProcess program)
    {
        using var channel = GrpcChannel.ForAddress(program.Ready.Grpc);
        return (await new Health.HealthClient(channel).CheckAsync(new() { Service = "cluster.v1.Jobs" })).Status;
    }

    private static async Task UntilAsync(ProgramProcess program, string path, string answer)
    {
        using var http = new HttpClient();
        var last = "";
        await ProgramProcess.Until(
            async () =>
            {
                using var response = await http.GetAsync(program.Ready.Http + path);
                last = $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
                return last.StartsWith(answer, StringComparison.Ordinal);
            },
            () => $"{path}: {last}\n{program.Output}"
        );
    }

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            for (var block = new byte[4096]; ; )
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }
}
