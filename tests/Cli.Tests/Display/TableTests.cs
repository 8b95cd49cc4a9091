using TrainingCluster.Cli.Display;

namespace TrainingCluster.Cli.Tests.Display;

public sealed class TableTests
{
    [Fact]
    public async Task Write_CellsOfAllWidths_StandInColumns()
    {
        var output = new StringWriter();
        await Table.WriteAsync(
            output,
            ["A", "B"],
            [
                ["三月", "x"],
                ["abcde", "y"],
                ["", ""],
            ]
        );
        Assert.Equal(
            $"A      B{Environment.NewLine}三月   x{Environment.NewLine}abcde  y{Environment.NewLine}{Environment.NewLine}",
            output.ToString()
        );
    }
}
