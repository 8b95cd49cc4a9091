using System.Globalization;
using TorchSharp;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Lessons;

/// <summary>What every lesson does: start libtorch, show something, and check the answers to its exercises.</summary>
public static class Lesson
{
    /// <summary>
    /// The whole of a lesson. Without arguments it shows; with <c>check NUMBER ANSWER</c> it says whether an answer to an exercise is
    /// right.
    /// </summary>
    /// <param name="arguments">The program's.</param>
    /// <param name="show">Prints the lesson. What it leaves out of dispose scopes is disposed afterwards.</param>
    /// <param name="exercises">Exercise 1, 2, …</param>
    /// <returns>The exit status: 0; 1 for a wrong answer; 2 for arguments that are none of these.</returns>
    public static int Run(string[] arguments, Action show, params Exercise[] exercises)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(show);
        ArgumentNullException.ThrowIfNull(exercises);
        try
        {
            return arguments switch
            {
                [] => Show(show),
                ["check", var number, var answer] => Check(exercises, number, answer),
                _ => Misused($"unknown arguments: {string.Join(' ', arguments)}", exercises.Length),
            };
        }
        catch (LibtorchException error)
        {
            Console.Error.WriteLine(error.Message);
            return 2;
        }
    }

    private static int Show(Action show)
    {
        Start();
        Inside(() =>
        {
            show();
            return 0;
        });
        return 0;
    }

    private static int Check(Exercise[] exercises, string number, string answer)
    {
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index < 1 || index > exercises.Length)
        {
            return Misused($"there is no exercise '{number}'", exercises.Length);
        }
        if (!double.TryParse(answer, NumberStyles.Float, CultureInfo.InvariantCulture, out var given))
        {
            return Misused($"'{answer}' is no number; write it like 0.09", exercises.Length);
        }
        Start();
        var exercise = exercises[index - 1];
        var right = Inside(exercise.Answer);
        // The computed number is a float's: a boundary that the decimal answer meets exactly still counts.
        if (Math.Abs(given - right) <= exercise.Tolerance + 1e-6)
        {
            Console.WriteLine($"right: {Print.Number(right, 4)}");
            return 0;
        }
        Console.WriteLine($"not {answer}; hint: {exercise.Hint}");
        return 1;
    }

    private static int Misused(string problem, int exercises)
    {
        Console.Error.WriteLine(problem);
        Console.Error.WriteLine($"no arguments: the lesson; check NUMBER ANSWER: your answer to exercise 1 to {exercises}");
        return 2;
    }

    // Libraries read their variables when they are loaded: nothing of TorchSharp may come before this.
    private static void Start()
    {
        NativeSettings.Apply();
        Libtorch.Load(null);
    }

    private static T Inside<T>(Func<T> action)
    {
        torch.set_num_threads(1);
        torch.random.manual_seed(1);
        using var scope = torch.NewDisposeScope();
        return action();
    }
}
