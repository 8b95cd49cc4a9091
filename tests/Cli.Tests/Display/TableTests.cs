using TrainingCluster.Cli.Display;

namespace TrainingCluster.Cli.Tests.Display;

public sealed class TableTests
{
    private static readonly Column[] s_columns =
    [
        "ID",
        new("NAME", Yield.Whole),
        "STATE",
        new("CREATED", Yield.Whole),
        new("REASON", Yield.Text),
    ];

    private static readonly string[] s_row =
    [
        "translate-0123abcd",
        "translate",
        "running",
        "2026-01-02 03:04:05",
        "它在第二个工作进程上训练: step 120 of 400 is done, and two workers compute",
    ];

    [Fact]
    public async Task Write_CellsOfAllWidths_StandInColumns() =>
        Assert.Equal(
            ["A      B", "三月   x", "abcde  y", ""],
            await LinesAsync(
                null,
                ["A", "B"],
                [
                    ["三月", "x"],
                    ["abcde", "y"],
                    ["", ""],
                ]
            )
        );

    [Theory]
    [InlineData(200)]
    [InlineData(100)]
    [InlineData(80)]
    [InlineData(60)]
    [InlineData(44)]
    [InlineData(30)]
    [InlineData(12)]
    public async Task Write_OnATerminal_NoRowIsLongerThanTheWindow(int columns)
    {
        var lines = await LinesAsync(columns, s_columns, [s_row, s_row]);
        Assert.All(lines, line => Assert.InRange(Cells.Width(line), 1, Math.Max(columns, 22)));
        Assert.Equal(3, lines.Length);
    }

    [Fact]
    public async Task Write_LittleRoom_CutsTextsBeforeItLeavesColumnsOut()
    {
        var wide = await LinesAsync(100, s_columns, [s_row]);
        Assert.Contains("2026-01-02 03:04:05", wide[1], StringComparison.Ordinal);
        Assert.EndsWith("…", wide[1], StringComparison.Ordinal);
        var narrow = await LinesAsync(60, s_columns, [s_row]);
        Assert.StartsWith("ID                  NAME       STATE    REASON", narrow[0], StringComparison.Ordinal);
        Assert.StartsWith("translate-0123abcd  ", narrow[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_NoTerminal_CutsNothing()
    {
        var lines = await LinesAsync(null, s_columns, [s_row]);
        Assert.All(s_row, cell => Assert.Contains(cell, lines[1], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Write_CellWithLineEndsAndEscapes_IsOneLine()
    {
        var lines = await LinesAsync(
            null,
            ["A", "B"],
            [
                ["one\ntwo\e[31m", "x"],
            ]
        );
        Assert.Equal(["A             B", "one two [31m  x"], lines);
    }

    private static async Task<string[]> LinesAsync(int? columns, Column[] heading, string[][] rows)
    {
        var output = new StringWriter();
        var terminal = new Terminal
        {
            In = Stream.Null,
            Out = output,
            Error = TextWriter.Null,
            OutColumns = () => columns,
        };
        await Table.WriteAsync(terminal, heading, rows);
        return output.ToString().TrimEnd('\n').Split('\n') is var lines && output.ToString().EndsWith("\n\n", StringComparison.Ordinal)
            ? [.. lines, ""]
            : lines;
    }
}
