namespace TrainingCluster.Cli.Display;

/// <summary>Long work, as it tells how far it is.</summary>
public interface IActivity
{
    /// <summary>How far the work is.</summary>
    /// <param name="done">Units done.</param>
    /// <param name="total">Units in all; 0: not known.</param>
    /// <param name="detail">Figures worth a look: rate, loss.</param>
    /// <param name="left">Time left. Null: judged by the rate so far.</param>
    void Report(double done, double total, string detail, TimeSpan? left = null);

    /// <summary>A line that stays.</summary>
    void Line(string text);
}
