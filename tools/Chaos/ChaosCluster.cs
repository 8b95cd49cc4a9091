using System.Net;
using System.Net.Sockets;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Local;
using TrainingCluster.Hosting;
using TrainingCluster.Modeling.Numerics;
using TrainingCluster.Transport;
using TrainingCluster.V1;

namespace TrainingCluster.Chaos;

/// <summary>A coordinator and workers that may be ended and started again one by one. Not for several threads at once.</summary>
internal sealed class ChaosCluster(
    string folder,
    string? tls,
    ClientAccess access,
    ChaosNetwork? network,
    ShiftedClocks? clocks,
    StepWatch steps,
    TimeProvider time
) : IAsyncDisposable
{
    private static readonly TimeSpan s_startWithin = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan s_stopWithin = TimeSpan.FromSeconds(5);
    private readonly List<Member> _all = [];
    private readonly Dictionary<int, Member> _workers = [];
    private long _startedFor;
    private readonly int[] _ports = [.. FreePorts(3)];

    /// <summary>The coordinator's process, which may have ended.</summary>
    public Member Coordinator { get; private set; } = null!;

    /// <summary>Its folder.</summary>
    public string CoordinatorFolder => Path.Combine(folder, "coordinator");

    /// <summary>Its gRPC address, the same at each start.</summary>
    public string Grpc => $"http{(tls is null ? "" : "s")}://{Host(0)}:{_ports[0]}";

    /// <summary>host:port of its actors, the same at each start.</summary>
    public string Actors => $"{Host(0)}:{_ports[2]}";

    /// <summary>Workers whose processes live, by number.</summary>
    public IReadOnlyList<Member> Workers => [.. _workers.Values.Where(worker => !worker.Program.HasEnded).OrderBy(worker => worker.Place)];

    /// <summary>Processes that ended though nobody had ended them, each told once.</summary>
    public IEnumerable<Member> EndedByThemselves()
    {
        foreach (var member in _all.Where(member => member.Program.HasEnded && !member.MayEnd))
        {
            member.MayEnd = true;
            yield return member;
        }
    }

    /// <summary>Starts the coordinator, and waits until it listens.</summary>
    public async Task StartCoordinatorAsync(CancellationToken cancellationToken)
    {
        Coordinator = Start(
            0,
            "coordinator",
            ProgramFiles.Coordinator,
            [
                "--grpc-port",
                $"{_ports[0]}",
                "--http-port",
                $"{_ports[1]}",
                "--cluster-port",
                $"{_ports[2]}",
                .. LocalCertificates.CoordinatorFlags(tls),
            ]
        );
        await Coordinator.Ready.WaitAsync(cancellationToken);
    }

    /// <summary>Starts a worker, and does not wait for it.</summary>
    /// <param name="number">From 1; the place must be free.</param>
    public Member StartWorker(int number)
    {
        // With networks of their own the processes stand for machines: gradients must take the links that faults spoil.
        string[] path = network is null ? [] : ["--shared-memory", "off"];
        var worker = Start(
            number,
            $"worker-{number}",
            ProgramFiles.Worker,
            ["--coordinator", Actors, "--name", $"worker-{number}", .. path, .. LocalCertificates.WorkerFlags(tls)]
        );
        _workers[number] = worker;
        steps.Follow(worker);
        _ = worker.Ready.ContinueWith(
            _ => Interlocked.Add(ref _startedFor, worker.Used.Ticks),
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnRanToCompletion,
            TaskScheduler.Default
        );
        return worker;
    }

    /// <summary>Processor time that workers have used from their starts until they listened.</summary>
    public TimeSpan StartedFor => TimeSpan.FromTicks(Interlocked.Read(ref _startedFor));

    /// <summary>The lowest number of a worker that does not run.</summary>
    public int FreeNumber() => Enumerable.Range(1, int.MaxValue - 1).First(number => Workers.All(worker => worker.Place != number));

    /// <summary>Waits until the coordinator knows all living workers, and reaches them.</summary>
    /// <returns>Those that it still misses when the time is up.</returns>
    public async Task<IReadOnlyList<string>> MissingAsync(TimeSpan within, CancellationToken cancellationToken)
    {
        using var connection = new ClusterConnection(Grpc, time, access);
        var began = time.GetTimestamp();
        while (true)
        {
            var status = await connection.CallAsync(
                options => connection.Jobs.GetClusterAsync(new GetClusterRequest(), options),
                cancellationToken
            );
            var there = status
                .Workers.Where(worker => worker.State is WorkerState.Idle or WorkerState.Training)
                .Select(worker => worker.Id);
            var missing = Workers.Select(worker => worker.Name).Except(there).ToList();
            if (missing.Count == 0 || time.GetElapsedTime(began) > within)
            {
                return missing;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellationToken);
        }
    }

    /// <summary>Ends the watch too: it looks at the processes.</summary>
    public async ValueTask DisposeAsync()
    {
        await steps.DisposeAsync();
        await Task.WhenAll(_all.Select(member => member.Program.StopAsync(s_stopWithin)));
        foreach (var member in _all)
        {
            await member.Program.DisposeAsync();
        }
    }

    private string Host(int place) => network?.Address(place) ?? "127.0.0.1";

    private Member Start(int place, string name, string assembly, string[] arguments)
    {
        var (logs, run) = (Path.Combine(folder, "logs"), Path.Combine(folder, RunNames.Ours.Run));
        Directory.CreateDirectory(logs);
        Directory.CreateDirectory(run);
        // One file a start: that of a process that was killed is still there.
        var ready = Path.Combine(run, $"{name}-{_all.Count}.json");
        string[] insecure = tls is null ? [ProgramOptions.InsecureFlag] : [];
        string[] common = ["--data", Path.Combine(folder, name), "--host", Host(place), "--ready-file", ready, .. insecure];
        string[] launcher = [.. network?.Launcher(place) ?? [], .. clocks?.Launcher(name) ?? []];
        var program = ChildProgram.Start(name, assembly, [.. common, .. arguments], Path.Combine(logs, $"{name}.log"), time, launcher);
        var member = new Member(place, program, program.ReadyAsync(ready, s_startWithin, CancellationToken.None));
        // A process that is killed before it listens never does, and nobody may be waiting.
        _ = member.Ready.ContinueWith(task => task.Exception, TaskScheduler.Default);
        _all.Add(member);
        return member;
    }

    /// <summary>Below the ports that systems give to outgoing connections: one of those must not take ours while we are down.</summary>
    private static HashSet<int> FreePorts(int count)
    {
        var random = new DeterministicRandom((ulong)Environment.ProcessId, (ulong)Environment.TickCount64);
        var found = new HashSet<int>();
        while (found.Count < count)
        {
            var port = 20_000 + random.Next(12_000);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                found.Add(port);
            }
            catch (SocketException)
            {
                // Taken.
            }
        }
        return found;
    }
}
