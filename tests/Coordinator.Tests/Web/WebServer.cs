using System.Collections.Concurrent;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Alerts;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Coordinator.Queueing;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Coordinator.Web;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Web;

/// <summary>The pages behind a real Kestrel, over a real store; only the actors are replaced.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private WebApplication _app = null!;

    public JobStore Store { get; private set; } = null!;
    public RecordingControl Control { get; private set; } = null!;
    public AlertBoard Alerts => _app.Services.GetRequiredService<AlertBoard>();
    public ConcurrentQueue<string> Log { get; } = new();
    public WorkerPulses Pulses => _app.Services.GetRequiredService<WorkerPulses>();
    public DataFolder Data { get; private set; } = null!;
    public Uri Address { get; private set; } = null!;
    public HttpClient Http { get; } = new(new HttpClientHandler { AllowAutoRedirect = false });

    /// <param name="tokens">A token file's text; null: nobody is asked.</param>
    /// <param name="translateAt">The server of translations that the pages link to; null: none.</param>
    public static async Task<WebServer> StartAsync(string? tokens = null, Uri? translateAt = null)
    {
        var server = new WebServer();
        server.Data = new(server._folder.Path);
        server.Data.Prepare();
        server.Store = await JobStore.OpenAsync(server.Data.Database, TimeProvider.System);
        server.Control = new(server.Store);
        var access = new AccessOptions();
        if (tokens is not null)
        {
            var path = Path.Combine(server._folder.Path, "tokens");
            await File.WriteAllTextAsync(path, tokens);
            access = new() { Tokens = path };
        }
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(new QueueLogging(server.Log));
        builder.WebHost.ConfigureKestrel(k => k.Listen(System.Net.IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http1));
        builder
            .Services.AddSingleton(server.Data)
            .AddSingleton(server.Store)
            .AddSingleton<IJobControl>(server.Control)
            .AddSingleton(TimeProvider.System)
            .AddSingleton(new Quotas())
            .AddSingleton(Options.Create(new QueueOptions()))
            .AddSingleton(new AccessControl(access, TimeProvider.System, NullLogger<AccessControl>.Instance))
            .AddSingleton<WorkerPulses>()
            .AddCoordinatorGrpc()
            .AddWebPages(new PageSettings(translateAt));
        server._app = builder.Build();
        server._app.MapWebPages();
        await server._app.StartAsync();
        server.Address = new(server._app.Urls.Single());
        return server;
    }

    /// <summary>A job in a state, with a curve, two generations, evaluations and words of others that are markup.</summary>
    public async Task<string> AddAsync(JobPhase phase, string id, string reason = "2 workers are there", string name = "default")
    {
        var now = TimeProvider.System.GetUtcNow();
        var start = JobMachine.Create(id, JobSpecDefaults.Fill(new JobSpec()), now);
        await Store.CreateAsync(new(0, id, "", start.Spec, now, start.Record, new()) { Namespace = name }, start.Spec);
        var record = start.Record with
        {
            Phase = phase,
            Reason = reason,
            Generation = 2,
            Started = now,
            Ended = phase.HasEnded() ? now.AddMinutes(2) : null,
        };
        JobEvent[] events =
        [
            new() { Evaluation = Score(50, 21.5, "ein <b>Hund</b>") },
            new() { Evaluation = Score(100, 33.25, "ein Hund läuft") },
            new()
            {
                Log = new LogLine
                {
                    Severity = LogSeverity.Warning,
                    Source = "worker-1",
                    Text = "<script>alert(1)</script>",
                },
            },
            new()
            {
                Fault = new Fault
                {
                    Kind = FaultKind.WorkerLost,
                    Generation = 1,
                    Step = 60,
                    Workers =
                    {
                        new FaultWorker
                        {
                            Id = "worker-2",
                            Rank = 1,
                            Host = "10.0.0.8",
                        },
                    },
                    Cause = "its actor ended",
                    Done = "generation 2 was called together",
                    Lost = "1 step",
                },
            },
            new()
            {
                Generation = new GenerationChanged
                {
                    Generation = 2,
                    Workers = { "worker-1" },
                    BaseStep = 60,
                    Reason = "worker-2 was lost",
                    DiscardedStepCount = 1,
                    DetectDuration = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(300)),
                    RecoveryDuration = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(640)),
                },
            },
        ];
        LedgerEntry[] ledger = [new(Plan(id, 1, 0, 2), 0, now, 61), new(Plan(id, 2, 60, 1), 1, now.AddMinutes(1), 100)];
        await Store.SaveAsync(
            id,
            record,
            new()
            {
                Step = 100,
                TotalStepCount = 1000,
                Loss = 2.5,
                TokensPerSecond = 4321,
                EvaluatedStep = 100,
                LastBleu = 33.25,
                BestBleu = 33.25,
                WorkerCount = 1,
            },
            events,
            ledger
        );
        await Store.SaveCurveAsync(
            new()
            {
                JobId = id,
                Points =
                {
                    Enumerable
                        .Range(1, 100)
                        .Select(step => new JobCurvePoint
                        {
                            Step = step,
                            StepCount = 1,
                            EndTime = Timestamp.FromDateTimeOffset(now.AddSeconds(step)),
                            Loss = 1 + 6.0 / step,
                            LearningRate = 0.001 * step,
                            GradientNorm = 1.0 / step,
                            TokenCount = 4000,
                            TargetTokenCount = 2000,
                        }),
                },
            }
        );
        return id;
    }

    /// <summary>Two workers, of which one trains, and a job that waits.</summary>
    public void AddWorkers(string jobId)
    {
        Control.Cluster = new() { Version = "1.2.3", Workers = { Worker("worker-1", jobId), Worker("<img src=x onerror=alert(1)>", "") } };
        Control.Queue = new()
        {
            WorkerCount = 2,
            FreeWorkerCount = 1,
            Jobs =
            {
                new QueuedJob
                {
                    JobId = "large",
                    Namespace = "default",
                    Position = 1,
                    NeededWorkerCount = 4,
                    Reason = "needs 4 workers, 2 are here",
                },
            },
        };
        for (var step = 1; step <= 30; step++)
        {
            Pulses.Observe(
                jobId,
                "worker-1",
                new()
                {
                    Step = step,
                    StepMs = 200 + step,
                    ComputeMs = 190,
                    ExchangeMs = 4,
                    UpdateMs = 6,
                    ShardCount = 4,
                }
            );
        }
    }

    /// <summary>One alert that fires of each severity, and one that is pending.</summary>
    public void AddAlerts(string jobId)
    {
        var then = TimeProvider.System.GetUtcNow() - TimeSpan.FromHours(2);
        var facts = new AlertFacts { Now = then, QueuedJobs = 2 };
        Alerts.Judge(facts);
        facts = facts with { Now = then + TimeSpan.FromMinutes(119), Missing = ["<img src=x onerror=alert(1)>"] };
        Alerts.Judge(facts);
        Alerts.Judge(
            facts with
            {
                Now = then + TimeSpan.FromHours(2),
                Failed = [new(jobId, "default", "<i>the loss</i> was NaN 5 times in a row", null)],
                CertificateEnd = then + TimeSpan.FromDays(1),
            }
        );
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        await Store.DisposeAsync();
        _folder.Dispose();
    }

    private static WorkerStatus Worker(string id, string jobId) =>
        new()
        {
            Id = id,
            JobId = jobId,
            Device = "cpu",
            CollectiveAddress = "http://10.0.0.7:1",
            HttpAddress = "javascript:alert(1)",
            Version = "1.2.3+abc",
        };

    private static Evaluation Score(long step, double bleu, string hypothesis) =>
        new()
        {
            Step = step,
            Bleu = bleu,
            Best = true,
            SampleSource = "a dog runs",
            SampleHypothesis = hypothesis,
            SampleReference = "ein Hund läuft",
        };

    private static StartGeneration Plan(string id, long generation, long baseStep, int workers) =>
        new()
        {
            JobId = id,
            Generation = generation,
            BaseStep = baseStep,
            Reason = generation == 1 ? "2 workers are there" : "worker-2 was lost",
            Members =
            {
                Enumerable
                    .Range(0, workers)
                    .Select(rank => new GenerationMember
                    {
                        WorkerId = $"worker-{rank + 1}",
                        Incarnation = "i",
                        Rank = rank,
                        FirstShard = rank * 8 / workers,
                        ShardCount = 8 / workers,
                    }),
            },
        };
}
