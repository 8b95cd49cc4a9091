using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>Peers that are waited for.</summary>
/// <param name="Ranks">Their ranks.</param>
/// <param name="Hops">
/// How many others what they send depends on. Each makes the wait longer by a quarter, so that whoever waits for a failed member
/// itself tells of it before those who only wait for what would have followed: these would suspect a member that waits like them.
/// </param>
internal readonly record struct Awaited(IReadOnlyList<int> Ranks, int Hops = 0);

/// <summary>
/// Waits for peers, and decides when one of them has failed: by its broken connection, which others report here, or by its silence.
/// The first failure ends the group for good: whoever waits gets it, and so does whoever comes later.
/// </summary>
/// <param name="plan">The members.</param>
/// <param name="options">Time limits.</param>
[SuppressMessage(
    "Design",
    "CA1001",
    Justification = "The token may be asked for after the group's end, and holds nothing that must be freed."
)]
internal sealed class FailureDetector(ProcessGroup plan, CollectiveOptions options)
{
    private readonly object _signal = new();
    private SharedInbox? _inbox;
    private int _pulses;
    private readonly CancellationTokenSource _ended = new();
    private readonly long[] _lastHeard = new long[plan.Workers];
    private CollectiveFailure? _failure;

    /// <summary>Why the group ended; null while it works.</summary>
    public CollectiveFailure? Failure => Volatile.Read(ref _failure);

    /// <summary>Cancelled by the first failure.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>By it the silence of peers within steps is judged.</summary>
    public StepTempo Tempo { get; set; } = new();

    /// <summary>Peers' messages that whoever waits takes out itself; null: others bring all that comes.</summary>
    public SharedInbox? Inbox
    {
        set => Interlocked.Exchange(ref _inbox, value);
    }

    /// <summary>A frame of a peer has come.</summary>
    public void Heard(int rank) => Volatile.Write(ref _lastHeard[rank], Stopwatch.GetTimestamp());

    /// <summary>Ends the group.</summary>
    /// <returns>The failure that ended it: this one, or an earlier one.</returns>
    public CollectiveFailure Fail(CollectiveError error, string message, params IReadOnlyList<string> suspects)
    {
        var failure = new CollectiveFailure(error, message, suspects);
        if (Interlocked.CompareExchange(ref _failure, failure, null) is { } earlier)
        {
            return earlier;
        }
        Pulse();
        // Elsewhere: what the token ends must not run under a lock that the caller may hold.
        _ = _ended.CancelAsync();
        return failure;
    }

    /// <summary>
    /// Ends the group because a connection beside a peer's stream is broken, unless the stream tells more in a moment: that the peer
    /// is gone, or has ended the generation.
    /// </summary>
    /// <param name="message">A sentence for people.</param>
    /// <param name="peer">Its id.</param>
    public async Task FailUnlessToldAsync(string message, string peer)
    {
        try
        {
            await Task.Delay(options.FailedLinkTimeout, Ended);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        Fail(CollectiveError.PeerUnreachable, message, peer);
    }

    /// <exception cref="CollectiveException">The group has ended.</exception>
    public void ThrowIfFailed()
    {
        if (Failure is { } failure)
        {
            throw new CollectiveException(failure);
        }
    }

    /// <summary>Something that somebody may wait for has changed.</summary>
    public void Pulse()
    {
        if (Volatile.Read(ref _inbox) is { } inbox)
        {
            inbox.Pulse();
        }
        lock (_signal)
        {
            _pulses++;
            Monitor.PulseAll(_signal);
        }
    }

    /// <summary>
    /// Waits on the calling thread for others' frames. Within a step it is their silence that counts; elsewhere (an evaluation, the
    /// start) they have nothing to say while they work.
    /// </summary>
    /// <param name="done">Whether all has come. Looked at after each <see cref="Pulse"/>.</param>
    /// <param name="missing">Who is waited for.</param>
    /// <param name="ownPart">How long this worker took to get here; the time limit follows from it.</param>
    /// <param name="what">What is waited for, for people.</param>
    /// <param name="withinStep">Whether peers send all the time while they work.</param>
    /// <exception cref="CollectiveException">The group ended, or does so now because a peer is silent for too long.</exception>
    public void Wait(Func<bool> done, Func<Awaited> missing, TimeSpan ownPart, string what, bool withinStep)
    {
        var direct = withinStep ? Tempo.Limit(options, ownPart) : options.WaitAfter(ownPart);
        var start = Stopwatch.GetTimestamp();
        using (var inbox = Volatile.Read(ref _inbox)?.Serve())
        {
            while (Failure is null)
            {
                inbox?.Look();
                var pulses = Volatile.Read(ref _pulses);
                if (done())
                {
                    break;
                }
                if (inbox?.TakeOne() == true)
                {
                    continue;
                }
                var (waited, hops) = missing();
                var limit = direct * (1 + (hops / 4.0));
                var left = limit - waited.Select(SilentFor).DefaultIfEmpty(Stopwatch.GetElapsedTime(start)).Max();
                if (left > TimeSpan.Zero)
                {
                    Sleep(inbox, pulses, left);
                    continue;
                }
                string[] late = [.. waited.Where(rank => SilentFor(rank) >= limit).Select(rank => plan.Members[rank].WorkerId)];
                Fail(
                    CollectiveError.DeadlineExceeded,
                    $"Waited {limit.TotalSeconds:0.#} s for {what}; nothing from {string.Join(", ", late)}.",
                    late
                );
            }
        }
        ThrowIfFailed();
        if (withinStep)
        {
            Tempo.Waited(Stopwatch.GetElapsedTime(start));
        }

        TimeSpan SilentFor(int rank) => Stopwatch.GetElapsedTime(withinStep ? Math.Max(start, Volatile.Read(ref _lastHeard[rank])) : start);
    }

    private void Sleep(SharedInbox.Serving? inbox, int pulses, TimeSpan left)
    {
        if (inbox is not null)
        {
            inbox.Sleep(left);
            return;
        }
        lock (_signal)
        {
            if (_pulses == pulses)
            {
                Monitor.Wait(_signal, left);
            }
        }
    }
}
