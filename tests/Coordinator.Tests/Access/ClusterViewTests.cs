using TrainingCluster.Access;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Security;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Access;

public sealed class ClusterViewTests
{
    [Theory]
    [InlineData(Caller.DefaultNamespace, "job-1")]
    [InlineData("team-b", ClusterView.OtherJob)]
    [InlineData(AccessGrant.AllNamespaces, "job-1")]
    public async Task For_JobsOfOtherNamespaces_AreNotNamed(string name, string shown)
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        var caller = new Caller(new("v", AccessRole.Viewer, name), false);
        var status = await ClusterView.ForAsync(caller, new OneWorker(), server.Store, TestContext.Current.CancellationToken);
        Assert.Equal(["", shown], status.Workers.Select(worker => worker.JobId));
    }

    private sealed class OneWorker : IJobControl
    {
        public Task<ClusterStatus> ClusterAsync(CancellationToken cancellationToken) =>
            Task.FromResult(
                new ClusterStatus
                {
                    Workers =
                    {
                        new WorkerStatus(),
                        new WorkerStatus { JobId = "job-1" },
                    },
                }
            );

        public void JobCreated(StoredJob job) => throw new NotSupportedException();

        public Task EditedAsync(StoredJob job, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task CancelAsync(string jobId, string reason, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task SuspendAsync(string jobId, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task ResumeAsync(string jobId, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<QueueStatus> QueueAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();

        public void CheckpointsChanged(string jobId) => throw new NotSupportedException();
    }
}
