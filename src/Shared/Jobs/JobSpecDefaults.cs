using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>The defaults of a job specification, which stand beside each field of spec.proto.</summary>
public static class JobSpecDefaults
{
    /// <summary>A copy of <paramref name="spec"/> with every field that was left out filled in.</summary>
    /// <remarks>
    /// Of <c>training.steps</c> and <c>training.epochs</c> only one is set: what the specification says, else 10 epochs.
    /// The dataset's file names and fingerprint have no default.
    /// </remarks>
    public static JobSpec Fill(JobSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var filled = spec.Clone();
        foreach (var setting in JobSettings.All)
        {
            if (setting.ValueIn(filled) is null && DefaultOf(setting, filled) is { } value)
            {
                setting.Set(filled, value);
            }
        }
        return filled;
    }

    private static object? DefaultOf(JobSetting setting, JobSpec spec)
    {
        var rules = setting.Rules;
        if (rules.DefaultFrom.Length > 0)
        {
            return JobSettings.At(rules.DefaultFrom).ValueIn(spec);
        }
        return rules.DefaultUnless.Length > 0 && JobSettings.At(rules.DefaultUnless).ValueIn(spec) is not null ? null : setting.Default;
    }
}
