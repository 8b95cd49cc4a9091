using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos;

/// <summary>Frames by what became of them.</summary>
/// <param name="Passed">Arrived at least once.</param>
/// <param name="Lost">Never arrive.</param>
/// <param name="Overtaken">Arrived after a frame that had been sent later.</param>
/// <param name="Duplicated">Arrived twice.</param>
public sealed record LineCounts(long Passed, long Lost, long Overtaken, long Duplicated)
{
    /// <summary>The counts of two directions together.</summary>
    public static LineCounts operator +(LineCounts a, LineCounts b) =>
        new(a.Passed + b.Passed, a.Lost + b.Lost, a.Overtaken + b.Overtaken, a.Duplicated + b.Duplicated);
}

/// <summary>
/// One direction of a bad line: decides what becomes of each frame, and holds it until it is due. It knows neither clock nor
/// devices. Not for several threads at once.
/// </summary>
/// <param name="random">All is drawn from it.</param>
public sealed class LossyLine(DeterministicRandom random)
{
    /// <summary>Of 100 frames: never arrive.</summary>
    public const int LostPercent = 2;

    /// <summary>Of 100 frames: arrive twice.</summary>
    public const int DuplicatedPercent = 1;

    /// <summary>Of 100 frames: held back for <see cref="HeldBack"/> more, so that what follows overtakes them.</summary>
    public const int HeldBackPercent = 5;

    /// <summary>No frame arrives earlier.</summary>
    public static readonly TimeSpan LeastDelay = TimeSpan.FromMilliseconds(20);

    /// <summary>No frame arrives later, unless it is held back.</summary>
    public static readonly TimeSpan MostDelay = TimeSpan.FromMilliseconds(60);

    /// <summary>See <see cref="HeldBackPercent"/>.</summary>
    public static readonly TimeSpan HeldBack = TimeSpan.FromMilliseconds(60);

    private readonly PriorityQueue<Copy, (TimeSpan Due, long Number)> _waiting = new();
    private long _next;
    private long _newestArrived = -1;

    /// <param name="Number">The frame's place among those that were sent.</param>
    /// <param name="Frame">Its bytes.</param>
    /// <param name="Again">It is the second copy.</param>
    private sealed record Copy(long Number, byte[] Frame, bool Again);

    /// <summary>What became of the frames so far. Those that are still under way are not counted.</summary>
    public LineCounts Counts { get; private set; } = new(0, 0, 0, 0);

    /// <summary>When the next frame is due. Null: none is under way.</summary>
    public TimeSpan? NextDue => _waiting.TryPeek(out _, out var when) ? when.Due : null;

    /// <summary>Takes a frame in.</summary>
    /// <param name="frame">Its bytes, which are kept.</param>
    /// <param name="now">The time, on any clock that goes on.</param>
    public void Send(byte[] frame, TimeSpan now)
    {
        var number = _next++;
        if (random.Next(100) < LostPercent)
        {
            Counts = Counts with { Lost = Counts.Lost + 1 };
            return;
        }
        var due = now + Delay();
        _waiting.Enqueue(new Copy(number, frame, Again: false), (due, number));
        if (random.Next(100) < DuplicatedPercent)
        {
            _waiting.Enqueue(new Copy(number, frame, Again: true), (due + Delay(), number));
        }
    }

    /// <summary>Gives a frame out that is due.</summary>
    /// <param name="now">The time, on the same clock.</param>
    /// <param name="frame">Its bytes.</param>
    /// <returns>False: none is.</returns>
    public bool TryArrive(TimeSpan now, out byte[] frame)
    {
        frame = [];
        if (NextDue is not { } due || due > now)
        {
            return false;
        }
        var copy = _waiting.Dequeue();
        frame = copy.Frame;
        Counts += copy.Again ? new LineCounts(0, 0, 0, 1) : new LineCounts(1, 0, copy.Number < _newestArrived ? 1 : 0, 0);
        _newestArrived = Math.Max(_newestArrived, copy.Number);
        return true;
    }

    private TimeSpan Delay() =>
        LeastDelay + ((MostDelay - LeastDelay) * random.NextDouble()) + (random.Next(100) < HeldBackPercent ? HeldBack : TimeSpan.Zero);
}
