using TrainingCluster.Cli.Local;
using TrainingCluster.Hosting;

namespace TrainingCluster.Chaos;

/// <summary>One process of the cluster, from its start to its end.</summary>
/// <param name="Place">0: the coordinator; else the worker's number.</param>
/// <param name="Program">The process.</param>
/// <param name="Ready">Its addresses, once it listens.</param>
internal sealed record Member(int Place, ChildProgram Program, Task<ReadyFile> Ready)
{
    /// <summary>Killed processes end with 128 + 9.</summary>
    public const int KilledExitCode = 128 + SigKill;

    public const int SigKill = 9;
    public const int SigCont = 18;
    public const int SigStop = 19;

    public string Name => Program.Name;

    /// <summary>Its process, which may be gone.</summary>
    public int Pid { get; } = Program.Pid;

    /// <summary>True: somebody means it to end.</summary>
    public bool MayEnd { get; set; }

    /// <summary>Kills it and sees it dead.</summary>
    /// <returns>True: it ended by SIGKILL.</returns>
    public async Task<bool> KillAsync(CancellationToken cancellationToken)
    {
        MayEnd = true;
        Program.Signal(SigKill);
        await Program.EndedAsync(cancellationToken);
        return Program.ExitCode == KilledExitCode;
    }

    /// <inheritdoc cref="ProcessStat.State"/>
    public char State => ProcessStat.State(Pid);

    /// <inheritdoc cref="ProcessStat.Used"/>
    public TimeSpan Used => ProcessStat.Used(Pid);
}
