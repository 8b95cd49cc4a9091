using System.Runtime.InteropServices;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// The memory of an inbox as its owner and those who write into it see it: the offer's nonce, a bell, and two rings of messages for
/// each rank. Who has put something into a ring rings the bell. Two threads of the owner sleep on it: the reader, and, while it waits
/// for its peers anyhow, the training thread. It alone is woken then: it has nothing else to do, and needs what comes.
/// </summary>
internal sealed class InboxPage(MappedMemory memory) : IDisposable
{
    private const int HeaderBytes = 4096;
    private const int NonceBytes = 16;

    // Each in a line of the cache of its own.
    private const int BellAt = 128;
    private const int ReaderAt = 256;
    private const int TrainerAt = 384;

    private const uint ReaderGroup = 1;
    private const uint TrainerGroup = 2;

    private const int Elsewhere = 0;
    private const int Awake = 1;
    private const int Asleep = 2;

    // A thread that is told to end, or whose wake-up was lost for whatever reason, looks again after so long.
    private static readonly TimeSpan s_longestSleep = TimeSpan.FromSeconds(1);

    /// <summary>What only those know who map the same memory, or were told.</summary>
    public Span<byte> Nonce => MemoryMarshal.AsBytes(memory.GetSpan())[..NonceBytes];

    /// <summary>How often the bell has rung. Ask before looking into the rings: to sleep misses nothing then.</summary>
    public int Rung => Volatile.Read(ref Number(BellAt));

    /// <summary>Size of an inbox.</summary>
    public static long BytesFor(int workers) => HeaderBytes + (2L * workers * MessageRing.Bytes);

    /// <summary>A rank's messages.</summary>
    /// <param name="rank">The rank.</param>
    /// <param name="first">Those that are taken before others.</param>
    public MessageRing RingOf(int rank, bool first) => new(memory, HeaderBytes + (((2 * rank) + (first ? 0 : 1)) * MessageRing.Bytes));

    /// <summary>Something is in a ring.</summary>
    public void Ring()
    {
        // Before it is looked at who sleeps: who is about to sees that the bell has rung, or is seen.
        Interlocked.Increment(ref Number(BellAt));
        if (!WakeTrainer() && Volatile.Read(ref Number(TrainerAt)) == Elsewhere && Volatile.Read(ref Number(ReaderAt)) == Asleep)
        {
            Futex.Wake(ref Number(BellAt), ReaderGroup);
        }
    }

    /// <summary>Something that the training thread may wait for has changed.</summary>
    public void RingTrainer()
    {
        Interlocked.Increment(ref Number(BellAt));
        WakeTrainer();
    }

    /// <summary>The reader: returns when the bell has rung more often than that.</summary>
    public void Sleep(int rung) => Sleep(ReaderAt, ReaderGroup, rung, s_longestSleep);

    /// <summary>The training thread begins to look into the rings.</summary>
    public void TrainerComes() => Interlocked.Exchange(ref Number(TrainerAt), Awake);

    /// <summary>The training thread: returns when the bell has rung more often than that, or the time is over.</summary>
    public void TrainerSleeps(int rung, TimeSpan limit) => Sleep(TrainerAt, TrainerGroup, rung, limit);

    /// <summary>The training thread goes; the reader takes what has come meanwhile.</summary>
    public void TrainerGoes()
    {
        Interlocked.Exchange(ref Number(TrainerAt), Elsewhere);
        // A reader that passed by a ring in use, and is about to sleep, looks again.
        Interlocked.Increment(ref Number(BellAt));
        if (Volatile.Read(ref Number(ReaderAt)) == Asleep)
        {
            Futex.Wake(ref Number(BellAt), ReaderGroup);
        }
    }

    public void Dispose() => memory.Dispose();

    private bool WakeTrainer()
    {
        if (Volatile.Read(ref Number(TrainerAt)) != Asleep)
        {
            return false;
        }
        Futex.Wake(ref Number(BellAt), TrainerGroup);
        return true;
    }

    private void Sleep(int at, uint group, int rung, TimeSpan limit)
    {
        Interlocked.Exchange(ref Number(at), Asleep);
        Futex.Wait(ref Number(BellAt), rung, group, limit < s_longestSleep ? limit : s_longestSleep);
        Interlocked.Exchange(ref Number(at), Awake);
    }

    private ref int Number(int at) => ref MemoryMarshal.Cast<float, int>(memory.GetSpan())[at / sizeof(int)];
}
