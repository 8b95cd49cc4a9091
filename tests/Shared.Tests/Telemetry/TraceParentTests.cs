using System.Diagnostics;
using TrainingCluster.Telemetry;

namespace TrainingCluster.Tests.Telemetry;

public class TraceParentTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Span = "00f067aa0ba902b7";

    [Theory]
    [InlineData($"00-{Trace}-{Span}-01", ActivityTraceFlags.Recorded)]
    [InlineData($"00-{Trace}-{Span}-00", ActivityTraceFlags.None)]
    [InlineData($"00-{Trace}-{Span}-03", ActivityTraceFlags.Recorded)]
    [InlineData($"cc-{Trace}-{Span}-01-of-later", ActivityTraceFlags.Recorded)]
    public void Read_TraceParent_IsTaken(string text, ActivityTraceFlags flags)
    {
        var context = TraceParent.Read(text);
        Assert.Equal((Trace, Span, flags), (context?.TraceId.ToString(), context?.SpanId.ToString(), context?.TraceFlags));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("00")]
    [InlineData($"00-{Trace}-{Span}")]
    [InlineData($"00-{Trace}-{Span}-1")]
    [InlineData($"00-{Trace}-{Span}-01-more")]
    [InlineData($"cc-{Trace}-{Span}-01more")]
    [InlineData($"ff-{Trace}-{Span}-01")]
    [InlineData($"00-4BF92F3577B34DA6A3CE929D0E0E4736-{Span}-01")]
    [InlineData($"00-00000000000000000000000000000000-{Span}-01")]
    [InlineData($"00-{Trace}-0000000000000000-01")]
    [InlineData($"00-{Trace}-{Span}-0g")]
    [InlineData($"00_{Trace}-{Span}-01")]
    public void Read_AnythingElse_IsNone(string? text) => Assert.Null(TraceParent.Read(text));

    [Fact]
    public void New_Written_IsReadAgain()
    {
        var made = TraceParent.New();
        var read = TraceParent.Read(TraceParent.Write(made))!.Value;
        Assert.Equal((made.TraceId, made.SpanId, made.TraceFlags), (read.TraceId, read.SpanId, read.TraceFlags));
        Assert.NotEqual(made.TraceId, TraceParent.New().TraceId);
    }
}
