using System.Globalization;
using TrainingCluster.Cli.Client;
using TrainingCluster.Files;
using TrainingCluster.Hosting;
using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Local;

/// <summary>A coordinator and its workers as processes on this machine, all of which end with this object.</summary>
public sealed class LocalCluster : IAsyncDisposable
{
    private const string CoordinatorName = "coordinator";
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100);
    private readonly LocalClusterOptions _options;
    private readonly TimeProvider _time;
    private readonly TemporaryFolder? _temporary;
    private readonly List<ChildProgram> _programs = [];
    private FolderLock? _lock;

    private LocalCluster(LocalClusterOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _temporary = options.Folder is null ? new TemporaryFolder() : null;
        Folder = Path.GetFullPath(options.Folder ?? _temporary!.Path);
    }

    /// <summary>Where the processes keep their files; logs are in <c>logs/</c>.</summary>
    public string Folder { get; }

    /// <summary>The coordinator's addresses.</summary>
    public ReadyFile Coordinator { get; private set; } = new("", "", "", 0);

    /// <summary>The workers' addresses.</summary>
    public IReadOnlyList<ReadyFile> Workers { get; private set; } = [];

    /// <summary>All processes, the coordinator first.</summary>
    public IReadOnlyList<ChildProgram> Programs => _programs;

    /// <summary>Where the coordinator keeps the model of a job that succeeded.</summary>
    public string ModelFolder(string jobId) => Path.Combine(JobFolder(jobId), "model");

    /// <summary>The step of the newest checkpoint that the coordinator keeps of a job; null: there is none.</summary>
    public long? NewestCheckpoint(string jobId)
    {
        var folder = Path.Combine(JobFolder(jobId), "checkpoints");
        return Directory.Exists(folder)
            ? Directory
                .GetDirectories(folder)
                .Select(path => long.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var step) ? step : (long?)null)
                .Max()
            : null;
    }

    /// <summary>Leaves a temporary folder where it is: it holds what is nowhere else.</summary>
    public void KeepFolder() => _temporary?.Keep();

    /// <summary>Starts everything, and returns when the coordinator knows all workers.</summary>
    /// <exception cref="CliException">A program could not start: a port in use, say. Nothing is left running.</exception>
    public static async Task<LocalCluster> StartAsync(LocalClusterOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        // Before anything is started: the workers would say the same, but later.
        Libtorch.Check(options.Libtorch);
        var cluster = new LocalCluster(options, time);
        try
        {
            await cluster.StartProgramsAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Does <paramref name="work"/> while the processes live.</summary>
    /// <param name="work">What needs the cluster.</param>
    /// <param name="lost">Told of each worker that ends while others go on.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <exception cref="CliException">The coordinator or the last worker ended by itself.</exception>
    public async Task<T> WhileAliveAsync<T>(
        Func<CancellationToken, Task<T>> work,
        Action<ChildProgram> lost,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(work);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var working = work(linked.Token);
        var death = DeathAsync(lost, linked.Token);
        var first = await Task.WhenAny(working, death);
        await linked.CancelAsync();
        if (first == working || cancellationToken.IsCancellationRequested)
        {
            return await working;
        }
        // The work may have ended for the same reason, in its own words; the process' words are nearer to the cause.
        await working.ContinueWith(_ => { }, TaskScheduler.Default);
        throw (await death).Ended();
    }

    private string JobFolder(string jobId) => Path.Combine(Folder, CoordinatorName, "jobs", jobId);

    private async Task<ChildProgram> DeathAsync(Action<ChildProgram> lost, CancellationToken cancellationToken)
    {
        var living = _programs.ToDictionary(program => program.EndedAsync(cancellationToken));
        while (true)
        {
            var ended = await Task.WhenAny(living.Keys);
            await ended;
            living.Remove(ended, out var program);
            if (program == _programs[0] || living.Count == 1)
            {
                return program!;
            }
            lost(program!);
        }
    }

    /// <summary>Asks all processes to end, and kills those that do not; removes the temporary folder.</summary>
    public async ValueTask DisposeAsync()
    {
        // The workers first: the coordinator takes the state that only they hold.
        await Task.WhenAll(_programs.Skip(1).Select(program => program.StopAsync(_options.StopWithin)));
        await Task.WhenAll(_programs.Take(1).Select(program => program.StopAsync(_options.StopWithin)));
        foreach (var program in _programs)
        {
            await program.DisposeAsync();
        }
        _lock?.Dispose();
        _temporary?.Dispose();
    }

    /// <summary>Before anything is touched: the folder's logs and ready files are those of one cluster.</summary>
    private async Task LockAsync()
    {
        try
        {
            _lock = await FolderLock.TakeAsync(Folder, "the cluster's folder", "cluster", _time);
        }
        catch (InvalidDataException e)
        {
            throw CliException.BadUsage(e.Message, e);
        }
    }

    /// <summary>
    /// A connection to the coordinator. It has a minute to answer: on a machine that does much else, programs that have only just started
    /// take their time.
    /// </summary>
    public ClusterConnection Connect() =>
        new(Coordinator.Grpc, _time, _options.Tls is { } tls ? LocalCertificates.Access(tls) : null)
        {
            AnswerWithin = TimeSpan.FromMinutes(1),
        };

    private async Task StartProgramsAsync(CancellationToken cancellationToken)
    {
        await LockAsync();
        var (logs, run) = (Path.Combine(Folder, "logs"), Path.Combine(Folder, "run"));
        Directory.CreateDirectory(logs);
        Directory.CreateDirectory(run);

        string[] ports =
        [
            "--grpc-port",
            $"{_options.GrpcPort}",
            "--http-port",
            $"{_options.HttpPort}",
            "--cluster-port",
            $"{_options.ClusterPort}",
        ];
        Coordinator = await StartAsync(
            CoordinatorName,
            ProgramFiles.Coordinator,
            [.. ports, .. ServerProgram.Given("--translate-at", _options.TranslateAt), .. LocalCertificates.CoordinatorFlags(_options.Tls)]
        );

        string[] libtorch = _options.Libtorch is { } given ? ["--libtorch", Path.GetFullPath(given)] : [];
        string[] worker =
        [
            "--coordinator",
            Coordinator.Cluster,
            "--device",
            _options.Device,
            .. libtorch,
            .. LocalCertificates.WorkerFlags(_options.Tls),
        ];
        var workers = Enumerable
            .Range(1, _options.Workers)
            .Select(number => StartAsync($"worker-{number}", ProgramFiles.Worker, [.. worker, "--name", $"worker-{number}"]));
        Workers = await Task.WhenAll(workers.ToList());
        await RegisteredAsync(cancellationToken);

        Task<ReadyFile> StartAsync(string name, string assembly, IEnumerable<string> arguments)
        {
            var ready = Path.Combine(run, $"{name}.json");
            File.Delete(ready);
            string[] insecure = _options.Insecure ? [ProgramOptions.InsecureFlag] : [];
            string[] common =
            [
                "--data",
                Path.Combine(Folder, name),
                "--host",
                _options.Host,
                "--ready-file",
                ready,
                .. insecure,
                .. _options.Logging,
            ];
            var program = ChildProgram.Start(name, assembly, [.. common, .. arguments], Path.Combine(logs, $"{name}.log"), _time);
            _programs.Add(program);
            return program.ReadyAsync(ready, _options.StartWithin, cancellationToken);
        }
    }

    private async Task RegisteredAsync(CancellationToken cancellationToken)
    {
        using var connection = Connect();
        var began = _time.GetTimestamp();
        while (true)
        {
            var status = await connection.CallAsync(
                options => connection.Jobs.GetClusterAsync(new GetClusterRequest(), options),
                cancellationToken
            );
            if (status.Workers.Count(worker => worker.State != WorkerState.Unreachable) >= _options.Workers)
            {
                return;
            }
            if (_programs.FirstOrDefault(program => program.HasEnded) is { } ended)
            {
                throw ended.Ended();
            }
            if (_time.GetElapsedTime(began) > _options.StartWithin)
            {
                throw new CliException(
                    $"only {status.Workers.Count} of {_options.Workers} workers joined within {_options.StartWithin.TotalSeconds:F0} "
                        + $"s; logs: {Path.Combine(Folder, "logs")}"
                )
                {
                    ExitCode = ExitCodes.TimedOut,
                };
            }
            await Task.Delay(s_poll, _time, cancellationToken);
        }
    }
}
