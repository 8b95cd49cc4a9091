using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Hosting;

public class StatusPageTests
{
    [Fact]
    public void Render_TextFromOutside_IsEscaped()
    {
        var record = new JobRecord(JobPhase.Failed, "<script>alert(1)</script>", 3, null, null, null, "", ActiveTime.None);
        var page = StatusPage.Render(
            [
                new StoredJob(
                    1,
                    "job-1",
                    "",
                    new JobSpec(),
                    DateTimeOffset.UnixEpoch,
                    record,
                    new JobProgress { Step = 7, TotalStepCount = 9 }
                ),
            ],
            new ClusterStatus
            {
                Workers =
                {
                    new WorkerStatus
                    {
                        Id = "<b>w</b>",
                        State = WorkerState.Idle,
                        Arithmetic = new() { Fingerprint = "a1b2c3d4e5f67890", Description = "cpu <b>avx2</b>" },
                    },
                },
            }
        );
        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        Assert.Contains("<td>a1b2c3d4e5f6: cpu &lt;b&gt;", page, StringComparison.Ordinal);
        Assert.Contains("7 / 9", page, StringComparison.Ordinal);
    }
}
