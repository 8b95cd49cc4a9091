using System.Buffers.Binary;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos.Tests;

public sealed class LossyLineTests
{
    private const int Frames = 20_000;

    /// <param name="Number">The frame's place among those sent.</param>
    /// <param name="Delay">From its sending to its arrival.</param>
    private sealed record Arrival(int Number, TimeSpan Delay);

    [Fact]
    public void Send_ManyFrames_LosesDuplicatesAndHoldsBackTheirShares()
    {
        var (line, arrivals) = Run(seed: 1);
        var first = arrivals.DistinctBy(arrival => arrival.Number).ToList();
        Assert.Equal(Frames, line.Counts.Passed + line.Counts.Lost);
        Assert.Equal(first.Count, line.Counts.Passed);
        Assert.Equal(arrivals.Count - first.Count, line.Counts.Duplicated);
        // Four standard deviations.
        AssertShare(LossyLine.LostPercent, line.Counts.Lost);
        AssertShare(LossyLine.DuplicatedPercent, line.Counts.Duplicated);
        AssertShare(LossyLine.HeldBackPercent, first.Count(arrival => arrival.Delay > LossyLine.MostDelay + TimeSpan.FromMilliseconds(1)));
    }

    [Fact]
    public void TryArrive_EachFrame_ComesWithinTheBoundsOfItsDelay()
    {
        var first = Run(seed: 2).Arrivals.DistinctBy(arrival => arrival.Number).ToList();
        Assert.All(
            first,
            arrival =>
                Assert.InRange(arrival.Delay, LossyLine.LeastDelay, LossyLine.MostDelay + LossyLine.HeldBack + TimeSpan.FromMilliseconds(1))
        );
        Assert.InRange(first.Average(arrival => arrival.Delay.TotalMilliseconds), 42, 45);
    }

    [Fact]
    public void Counts_Overtaken_AreTheFramesThatArriveAfterALaterOne()
    {
        var (line, arrivals) = Run(seed: 3);
        var (newest, overtaken) = (-1, 0);
        var seen = new HashSet<int>();
        foreach (var arrival in arrivals)
        {
            if (seen.Add(arrival.Number) && arrival.Number < newest)
            {
                overtaken++;
            }
            newest = Math.Max(newest, arrival.Number);
        }
        Assert.InRange(overtaken, 1, Frames);
        Assert.Equal(overtaken, line.Counts.Overtaken);
    }

    [Fact]
    public void Counts_FramesFarApart_AreNotOvertaken()
    {
        var line = new LossyLine(new DeterministicRandom(4));
        for (var now = TimeSpan.Zero; now < TimeSpan.FromMinutes(10); now += TimeSpan.FromSeconds(1))
        {
            line.Send([1], now);
            while (line.NextDue is { } due)
            {
                Assert.True(line.TryArrive(due, out _));
            }
        }
        Assert.Equal(0, line.Counts.Overtaken);
        Assert.InRange(line.Counts.Passed, 500, 600);
    }

    [Fact]
    public void TryArrive_BeforeAnythingIsDue_GivesNothing()
    {
        var line = new LossyLine(new DeterministicRandom(5));
        Assert.Null(line.NextDue);
        Assert.False(line.TryArrive(TimeSpan.MaxValue, out _));
        while (line.NextDue is null)
        {
            line.Send([1, 2], TimeSpan.Zero);
        }
        Assert.False(line.TryArrive(line.NextDue.Value - TimeSpan.FromTicks(1), out _));
        Assert.True(line.TryArrive(line.NextDue.Value, out var frame));
        Assert.Equal([1, 2], frame);
    }

    /// <summary>A frame a millisecond; what is due is taken as often.</summary>
    private static (LossyLine Line, List<Arrival> Arrivals) Run(ulong seed)
    {
        var line = new LossyLine(new DeterministicRandom(seed));
        var arrivals = new List<Arrival>();
        for (var number = 0; number < Frames || line.NextDue is not null; number++)
        {
            var now = TimeSpan.FromMilliseconds(number);
            if (number < Frames)
            {
                var frame = new byte[4];
                BinaryPrimitives.WriteInt32LittleEndian(frame, number);
                line.Send(frame, now);
            }
            while (line.TryArrive(now, out var arrived))
            {
                var sent = BinaryPrimitives.ReadInt32LittleEndian(arrived);
                arrivals.Add(new Arrival(sent, now - TimeSpan.FromMilliseconds(sent)));
            }
        }
        return (line, arrivals);
    }

    private static void AssertShare(int percent, long count)
    {
        var (expected, deviation) = (Frames * percent / 100.0, Math.Sqrt(Frames * (percent / 100.0) * (1 - (percent / 100.0))));
        Assert.InRange(count, expected - (4 * deviation), expected + (4 * deviation));
    }
}
