using System.Globalization;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Alerts;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Security;
using YamlDotNet.RepresentationModel;

namespace TrainingCluster.Coordinator.Tests.Alerts;

/// <summary>What the coordinator judges by itself, beside the rules that are shipped for Prometheus.</summary>
public class AlertRulesTests
{
    private static readonly DateTimeOffset s_start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static Caller Reader(string name) => new(new AccessGrant("eva", AccessRole.Viewer, name), false);

    private static AlertFacts Facts(TimeSpan after) => new() { Now = s_start + after };

    private static AlertJob Job(long step, TimeSpan stepAge, long checkpoint = 1, TimeSpan? checkpointAge = null) =>
        new("job-1", "team-a", "trains", new(step, s_start - stepAge, checkpoint, s_start - checkpointAge));

    [Fact]
    public void Rules_JudgedHere_AreThoseThatAreShipped()
    {
        var yaml = new YamlStream();
        using var reader = File.OpenText(Path.Combine(Repository.Root, "deploy/prometheus/rules.yaml"));
        yaml.Load(reader);
        var shipped = ((YamlSequenceNode)yaml.Documents[0].RootNode["groups"])
            .SelectMany(group => (YamlSequenceNode)group["rules"])
            .OfType<YamlMappingNode>()
            .Where(rule => rule.Children.ContainsKey("alert"))
            .ToDictionary(
                rule => rule["alert"].ToString(),
                rule =>
                    (
                        rule["labels"]["severity"].ToString(),
                        rule.Children.TryGetValue("for", out var time) ? For(time.ToString()) : TimeSpan.Zero
                    )
            );

        Assert.All(AlertRules.All, rule => Assert.Equal(shipped[rule.Name], (rule.Severity, rule.For)));
        // Those that need the coordinator's absence, or a history of rates: a new rule is put into one of the two lists.
        string[] elsewhere =
        [
            "TrainingCoordinatorDown",
            "TrainingQueueSlow",
            "TrainingGenerationsChurn",
            "TrainingStepsSkipped",
            "TrainingCheckpointsFail",
        ];
        Assert.Equal(shipped.Keys.Except(elsewhere).Order(), AlertRules.All.Select(rule => rule.Name).Order());

        static TimeSpan For(string text) =>
            text[^1] == 'h'
                ? TimeSpan.FromHours(int.Parse(text[..^1], CultureInfo.InvariantCulture))
                : TimeSpan.FromMinutes(int.Parse(text[..^1], CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Judge_NothingWrong_HasNoAlert()
    {
        var facts = Facts(default) with
        {
            Running = [Job(5, TimeSpan.FromMinutes(9), checkpointAge: TimeSpan.FromMinutes(59))],
            IdleWorkers = 2,
            Disk = new(100, 89),
            CertificateEnd = s_start + TimeSpan.FromDays(8),
        };
        Assert.All(AlertRules.All, rule => Assert.Empty(rule.Find(facts)));
    }

    public static TheoryData<string, string> Cases =>
        new()
        {
            { "TrainingJobFailed", "Job job-1 has failed: trains" },
            { "TrainingJobStalled", "Job job-1 did its newest step 10 min 0 s ago" },
            { "TrainingWorkerMissing", "Worker worker-7 was lost" },
            { "TrainingDiskLow", "9 B left of 100 B" },
            { "TrainingCheckpointOld", "1 h 1 min ago" },
            { "TrainingCheckpointMissing", "has no checkpoint" },
            { "TrainingJobsWaitBesideIdleWorkers", "1 job in the queue beside 2 idle workers" },
            { "TrainingJobsWaiting", "3 jobs in the queue, and no worker is idle" },
            { "TrainingCertificateEnds", "certificate ends in 143 h" },
        };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Find_Condition_SaysOfWhat(string name, string words)
    {
        var nothing = Facts(default);
        var facts = name switch
        {
            "TrainingJobFailed" => nothing with { Failed = [Job(1, default)] },
            "TrainingJobStalled" => nothing with { Running = [Job(1, TimeSpan.FromMinutes(10))] },
            "TrainingWorkerMissing" => nothing with { Missing = ["worker-7"] },
            "TrainingDiskLow" => nothing with { Disk = new DiskUse(100, 91) },
            "TrainingCheckpointOld" => nothing with { Running = [Job(1, default, checkpointAge: TimeSpan.FromMinutes(61))] },
            "TrainingCheckpointMissing" => nothing with { Running = [Job(1, default, checkpoint: 0)] },
            "TrainingJobsWaitBesideIdleWorkers" => nothing with { QueuedJobs = 1, IdleWorkers = 2 },
            "TrainingJobsWaiting" => nothing with { QueuedJobs = 3 },
            _ => nothing with { CertificateEnd = s_start + TimeSpan.FromHours(143) },
        };
        // And nothing else is said of it.
        var (rule, finding) = Assert.Single(AlertRules.All.SelectMany(rule => rule.Find(facts).Select(finding => (rule, finding))));
        Assert.Equal(name, rule.Name);
        Assert.Contains(words, finding.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Board_ConditionThatLasts_IsPendingThenFiresThenIsGone()
    {
        var board = new AlertBoard();
        var caller = Caller.Anyone;
        board.Judge(Facts(default) with { Missing = ["w"] });
        Assert.Empty(board.For(caller));
        // Half of the rule's two minutes.
        board.Judge(Facts(TimeSpan.FromMinutes(1)) with { Missing = ["v", "w"] });
        Assert.Equal("w", Assert.Single(board.For(caller), alert => !alert.IsFiring).Finding.Subject);

        // Another worker's time begins when that one is lost.
        board.Judge(Facts(TimeSpan.FromMinutes(2)) with { Missing = ["v", "w"] });
        Assert.Equal([("w", true), ("v", false)], board.For(caller).Select(a => (a.Finding.Subject, a.IsFiring)));
        Assert.Equal(s_start, board.For(caller)[0].Since);

        board.Judge(Facts(TimeSpan.FromMinutes(3)));
        board.Judge(Facts(TimeSpan.FromMinutes(4)) with { Missing = ["w"] });
        Assert.Empty(board.For(caller));
    }

    [Fact]
    public void Board_JobOfAnotherNamespace_IsNotTold()
    {
        var board = new AlertBoard();
        board.Judge(Facts(-TimeSpan.FromMinutes(2)) with { Missing = ["w"] });
        board.Judge(Facts(default) with { Failed = [Job(1, default)], Missing = ["w"] });
        Assert.Equal(2, board.For(Reader("team-a")).Count);
        Assert.Equal("w", Assert.Single(board.For(Reader("team-b"))).Finding.Subject);
    }
}
