using System.Globalization;
using System.Text.RegularExpressions;
using TrainingCluster.Cli.Display;

namespace TrainingCluster.Cli.Tests.Display;

public sealed class LiveScreenTests : IDisposable
{
    private readonly StringWriter _written = new();

    public void Dispose() => _written.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Show_WindowMadeNarrowerAndWider_LeavesNoResidue(bool reflows)
    {
        var columns = 100;
        var emulator = new ScreenEmulator(columns, reflows);
        var screen = new LiveScreen(_written, () => columns);
        screen.Write(_written, "before\n");
        foreach (var width in (int[])[100, 40, 9, 200, 100])
        {
            emulator.Resize(columns = width);
            screen.Show(room => new string('x', room));
            Feed(emulator);
            Assert.Equal(new string('x', width - 1), emulator.Lines[^1]);
            Assert.Equal(reflows ? "before" : "before"[..Math.Min(6, width)], emulator.Lines[0]);
            Assert.Equal(2, emulator.Lines.Count);
        }
        screen.Show(_ => "done");
        screen.Leave();
        screen.Write(_written, "after\n");
        Feed(emulator);
        Assert.Equal("before\ndone\nafter", emulator.Text);
        Assert.True(emulator.IsCursorVisible);
    }

    [Fact]
    public void Write_WhileALineIsShown_StandsAboveIt()
    {
        var emulator = new ScreenEmulator(20);
        var screen = new LiveScreen(_written, () => 20);
        screen.Show(_ => "50 %");
        screen.Write(_written, "a text that is longer than the window\n");
        screen.Show(_ => "60 %");
        screen.Write(_written, "half");
        screen.Show(_ => "70 %");
        screen.Write(_written, " and half\n");
        Feed(emulator);
        Assert.Equal("a text that is longe\nr than the window\nhalf and half\n70 %", emulator.Text);
    }

    [Theory]
    [InlineData(200, "job dates-0a1b2c3d  [12+12]   50 %  step 12345/24690, loss 2.346, 8,100 tokens/s, 2 workers  1 h 02 min left")]
    [InlineData(111, "job dates-0a1b2c3d  [5+5]   50 %  step 12345/24690, loss 2.346, 8,100 tokens/s, 2 workers  1 h 02 min left")]
    [InlineData(79, "job dates-0a1b2c3d   50 %  step 12345/24690, loss 2.346, 8,10…  1 h 02 min left")]
    [InlineData(46, "job dates-0a1b2c3d   50 %  1 h 02 min left")]
    [InlineData(20, "job dates-0a1b2c3d …")]
    public void Fit_Columns_WhatHasNoRoomGivesWay(int columns, string expected)
    {
        var line = new ProgressLine(
            "job dates-0a1b2c3d",
            0.5,
            "step 12345/24690, loss 2.346, 8,100 tokens/s, 2 workers",
            "1 h 02 min left",
            TimeSpan.Zero
        );
        var fitted = line.Fit(columns);
        Assert.InRange(Cells.Width(fitted), 1, columns);
        // [5+5]: five cells full and five empty.
        var bars = new Regex(@"\[(\d+)\+(\d+)\]").Replace(expected, match => Bar('━', match.Groups[1]) + Bar('─', match.Groups[2]));
        Assert.Equal(bars, fitted);

        static string Bar(char cell, Group count) => new(cell, int.Parse(count.Value, CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("abc", 3, "abc")]
    [InlineData("abcd", 3, "ab…")]
    [InlineData("三月三", 5, "三月…")]
    [InlineData("三月三", 4, "三…")]
    [InlineData("abc", 1, "…")]
    [InlineData("abc", 0, "")]
    public void Cut_Text_TakesNoMoreCells(string text, int cells, string expected) => Assert.Equal(expected, Cells.Cut(text, cells));

    private void Feed(ScreenEmulator emulator)
    {
        emulator.Feed(_written.ToString().Replace("\n", "\r\n", StringComparison.Ordinal));
        _written.GetStringBuilder().Clear();
    }
}
