using TrainingCluster.Cli.Demo;

namespace TrainingCluster.Cli.Tests.Demo;

public sealed class DateExamTests
{
    private static readonly DateExam s_exam = new([new("a", "1"), new("b", "2"), new("c", "3"), new("d", "4")], ["1", "x", "3", "y"]);

    [Fact]
    public void Rate_OfAnswers_CountsThoseThatAreRightToTheCharacter() => Assert.Equal((2, 0.5), (s_exam.Exact, s_exam.Rate));

    [Fact]
    public void Examples_WithWrongAnswers_ShowThemFirst() =>
        Assert.Equal(["b", "a", "c"], s_exam.Examples(count: 3, wrong: 1).Select(example => example.Pair.Source));

    [Fact]
    public void Rate_OfNothing_IsZero() => Assert.Equal(0, new DateExam([], []).Rate);
}
