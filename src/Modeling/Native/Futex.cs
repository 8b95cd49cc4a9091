using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TrainingCluster.Modeling.Native;

/// <summary>
/// Waits on a number until somebody who maps the same memory, in this process or another one, has changed it and wakes those who
/// wait (futex(2)). The memory must not move.
/// </summary>
public static unsafe partial class Futex
{
    // Numbers of linux/futex.h.
    private const int WaitBitset = 9;
    private const int WakeBitset = 10;

    // The call's number in the kernel's headers; 0: not known here.
    private static readonly int s_call = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 202,
        Architecture.Arm64 => 98,
        _ => 0,
    };

    /// <summary>Whether this system has the call.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux() && s_call != 0;

    /// <summary>
    /// Returns once somebody has called <see cref="Wake"/>, or the time is over; at once if the number is another one; now and then
    /// without a reason.
    /// </summary>
    /// <param name="number">What is waited on.</param>
    /// <param name="expected">What the caller has seen there.</param>
    /// <param name="group">One bit or more: calls of <see cref="Wake"/> that have one of them end the wait.</param>
    /// <param name="limit">How long at most.</param>
    public static void Wait(ref int number, int expected, uint group, TimeSpan limit)
    {
        // The call wants the moment at which the wait ends, by the clock that Stopwatch reads.
        var end = (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency)) + (long)limit.TotalNanoseconds;
        var until = new Moment { Seconds = end / 1_000_000_000, Nanoseconds = end % 1_000_000_000 };
        _ = Call(s_call, Unsafe.AsPointer(ref number), WaitBitset, expected, &until, null, group);
    }

    /// <summary>Wakes all of a group that wait on the number.</summary>
    public static void Wake(ref int number, uint group) =>
        _ = Call(s_call, Unsafe.AsPointer(ref number), WakeBitset, int.MaxValue, null, null, group);

    // No result matters: who waits looks again, whatever ended the wait.
    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint Call(nint call, void* number, nint operation, nint value, Moment* until, void* unused, nuint group);

    /// <summary>struct timespec of 64-bit systems.</summary>
    private struct Moment
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
